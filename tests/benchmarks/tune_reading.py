"""Tunes layers of the default cross-encoder to tell a passage that answers from a near miss.

    python -m tests.benchmarks.reading_pairs PAIRS
    python -m tests.benchmarks.tune_reading PAIRS... [--first N] [--go-on] [--bfloat16] [--write FOLDER]

The layers that Footnote ships with were tuned on `tests/benchmarks/training`: articles about invented
matters, written for this purpose, with questions that they answer (asked plainly, in other words, as
people ask who have the paragraph before them, in keywords, with typing errors) and questions on their
very subject that they do not. No article of the collections that Footnote is measured on is among them.

The lower layers stay as they are and run as they do when answering, in int8. Those from `--first` to
`LAST` are tuned with two heads, and what comes after is cut off. The heads are whether the text answers,
on the state of question and text together (binary cross-entropy), and which sentence does, a softmax over
the tokens (the logarithm of what lies on the sentence and on the answer). It is what is fine-tuned on
SQuAD 2.0 for (Rajpurkar et al., "Know What You Don't Know", 2018), of sentences. Some questions are
paired with a text on another subject besides. Of half of the texts with four sentences and more but some
in a row are read, so that short ones are known as well. Lower layers change less than higher ones (Howard
and Ruder, "Universal Language Model Fine-tuning for Text Classification", 2018). What is reported and
written is a running average of the weights, which ends where they wander about.

Those that ship were tuned in five goes on two cores. From layer 5 on, two epochs of the first 6,549
questions; then, with `--go-on`, five sixths of `--epochs 0.55` of the last 10,277 and a quarter of the
pairs of others, both with dropout and whole texts. Then, as it is done here, from layer 1 on, `--go-on
--bfloat16 --epochs 1.1` of all 26,851 questions, in 50 minutes: the area between answers and near misses,
of 1,500 pairs that are kept aside, became .952 where it was .920, and .900 of the answering sentences
were pointed to instead of .881. More of that brought nothing. What did is the title and the headings
above each text, which were not read until then: two thirds of `--epochs 0.42`, stopped by hand, and
`--epochs 0.165 --rate 4e-5`, in 35 minutes together. Of the English questions the marked sentence
answered .894 after them instead of .878, and the area of those that the articles do not answer was .997
instead of .995. Without title and headings, the same layers come to .873 and .996.

What is written is in int8, each column with a scale of its own: one scale for a whole matrix cost .02 of
the area between answers and near misses.

It uses a GPU where PyTorch has one. Two cores with AMX read 3,700 tokens a second from layer 1 on in
bfloat16, two of an EPYC that multiplies bfloat16 without it 2,000, and 900 were read in float32 with
dropout. `fit_ranking` has to follow, with the articles that are kept aside among its datasets: it puts
what comes out into the one probability.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from numpy.typing import ArrayLike, NDArray
from onnx import numpy_helper
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn import functional

from index.answer_pointer import POINTER_NAME
from index.onnx_graphs import ModelPart, cut_at
from index.onnx_sessions import OnnxSession
from index.tuned_layers import TUNED_NAME

FIRST, LAST = 1, 8
"""The layers that are tuned, counted from 0; the graph is cut after the last. From layer 1 on xquad's
questions were told apart by what was read alone with an area of .969 instead of .951 from layer 5 on, with
layers up to 11 no better, and with layers 1 to 5 near misses from answers with .05 less."""
SIZE, HEADS = 384, 12
LONGEST: Final = 512
"""Tokens that the model has positions for."""
EPOCHS: Final = 3.0
LEARNING_RATE: Final = 2e-4
"""With twice as much near misses were told apart less well, by .01 of the area."""
GOING_ON_RATE: Final = 1e-4
"""Where layers are tuned that were before."""
LAYER_DECAY: Final = 0.85
"""The rate of each layer beside that of the one above it."""
WARM_UP: Final = 100
"""Steps, or a tenth of all where that is less."""
LEAST_RATE: Final = 0.02
AVERAGED: Final = 0.998
"""How much of the running average each step leaves."""
CROPPED: Final = 0.5
"""Of the texts, those of which some sentences are read."""
LEAST_CROPPED: Final = 4
"""Sentences of a text that is."""
WEIGHT_DECAY: Final = 0.01
TOKENS_AT_ONCE: Final = 49152 if torch.cuda.is_available() else 6000
KEPT: Final = {"answer": 1.0, "cut": 0.3, "same": 0.4, "other": 0.25, "near": 1.0}
"""Of each kind of pair, as `reading_pairs` has them, so many are read an epoch: other ones each time."""
FAR_SHARE: Final = 0.15
"""As many pairs with a text on another subject for each pair of the file."""
REPORTS: Final = 6
JUDGED: Final = 1500
"""Of the pairs that are kept aside, those that are read for a report."""
SORTED_AT_ONCE: Final = 4096
"""Pairs among which those of like length share a batch."""
_PARTS: Final = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "mixed": "attention.output.dense",
    "wide": "intermediate.dense",
    "narrow": "output.dense",
}
_NORMS: Final = {"mixed_norm": "attention.output.LayerNorm", "narrow_norm": "output.LayerNorm"}
_MASKED: Final = -1e4

TUNED: Final = Path(__file__).parents[2] / "index"
"""Folder of the layers that Footnote ships with."""
DEVICE: Final = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def main(arguments: Sequence[str] | None = None) -> None:
    """Tune, report, and write the layers and the heads where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pairs", nargs="+", help="what reading_pairs wrote; FILE:0.25 for a quarter of it")
    parser.add_argument("--first", type=int, default=FIRST, help="layer from which on is tuned, 1 or more")
    parser.add_argument("--go-on", action="store_true", help="begin with the layers that are tuned already")
    parser.add_argument("--bfloat16", action="store_true", help="where that is fast")
    parser.add_argument("--epochs", type=float, default=EPOCHS)
    parser.add_argument("--rate", type=float, help=f"{LEARNING_RATE}, with --go-on {GOING_ON_RATE}")
    parser.add_argument("--model", type=Path, help="the cross-encoder's file where Footnote is not installed")
    parser.add_argument("--write", type=Path, help=f"folder of {TUNED_NAME} and {POINTER_NAME}: index")
    given = parser.parse_args(arguments)
    torch.manual_seed(0)
    pairs = Pairs.load(given.pairs)
    model = Model(given.model or default_model(), given.first, TUNED if given.go_on else None).to(DEVICE)
    held_out, kept = np.flatnonzero(pairs.held_out), np.flatnonzero(~pairs.held_out)
    print(f"{len(kept)} pairs to tune on, {len(held_out)} kept aside", flush=True)
    rate = given.rate or (GOING_ON_RATE if given.go_on else LEARNING_RATE)
    precision = torch.bfloat16 if given.bfloat16 else torch.float32
    for share in tune(model, pairs, kept, given.epochs, rate, precision):
        print(f"{share:.0%}:", report(model, pairs, held_out[:JUDGED]), flush=True)
        if given.write:
            write(model, given.write)


def default_model() -> Path:
    """Return the file of the default cross-encoder."""
    # It brings all of Footnote along, which need not be where the GPU is.
    from index.cross_encoder import default_cross_encoder_folder

    return default_cross_encoder_folder() / "model.onnx"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Questions and texts in tokens, as `reading_pairs.save` describes them."""

    ids: Tensor
    owners: Tensor
    in_answer: Tensor
    starts: Tensor
    of_text: Tensor
    lengths: Tensor
    answering: Tensor
    kinds: NDArray[np.str_]
    held_out: NDArray[np.bool_]

    @classmethod
    def load(cls, files: Sequence[str]) -> Pairs:
        """Read files, of each the share that stands behind its name, drawn at random."""
        draw = np.random.default_rng(0)
        read: list[dict[str, NDArray[Any]]] = []
        chosen = []
        for file in files:
            name, _, share = file.partition(":")
            with np.load(name) as arrays:
                read.append(dict(arrays))
            chosen.append(draw.random(len(read[-1]["kinds"])) < float(share or 1))

        def tensor(name: str, kind: type[np.generic]) -> Tensor:
            return torch.from_numpy(np.concatenate([each[name] for each in read]).astype(kind)).to(DEVICE)

        is_chosen = np.concatenate(chosen)
        before = np.cumsum([0, *(len(each["ids"]) for each in read[:-1])])
        starts = np.concatenate([each["starts"][:-1] + own for each, own in zip(read, before, strict=True)])
        lengths = np.concatenate([np.diff(each["starts"]) for each in read])
        return cls(
            ids=tensor("ids", np.int32),
            owners=tensor("owners", np.int16),
            in_answer=tensor("in_answer", np.bool_),
            starts=torch.from_numpy(starts[is_chosen]).to(DEVICE),
            of_text=tensor("of_text", np.int64)[is_chosen],
            lengths=torch.from_numpy(lengths[is_chosen]).to(DEVICE),
            answering=tensor("answering", np.int64)[is_chosen],
            kinds=np.concatenate([each["kinds"] for each in read])[is_chosen],
            held_out=np.concatenate([each["held_out"] for each in read])[is_chosen],
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """Pairs of like length, padded."""

    ids: Tensor
    """(b, n)."""
    is_text: Tensor
    """(b, n): 1 for tokens of the text."""
    is_there: Tensor
    """(b, n): False for padding."""
    owners: Tensor
    """(b, n): the sentence that each token belongs to, -1 for none."""
    in_answer: Tensor
    """(b, n)."""
    answering: Tensor
    """(b,): the sentence that answers, -1 for none."""
    answers: Tensor
    """(b,): 1 where the text answers."""


def batch_of(pairs: Pairs, questions: NDArray[np.int64], texts: NDArray[np.int64]) -> Batch:
    """Return the questions of some pairs with the texts of the same or of others.

    Args:
        pairs: All of them.
        questions: (b,): the pairs whose questions are read.
        texts: (b,): the pairs whose texts are.
    """
    question, text = torch.from_numpy(questions).to(DEVICE), torch.from_numpy(texts).to(DEVICE)
    begin = pairs.of_text[question][:, None]
    lengths = lengths_of(pairs, question, text)[:, None]
    places = torch.arange(int(lengths.max()), device=DEVICE)[None]
    is_there, is_text = places < lengths, places >= begin
    in_question = pairs.starts[question][:, None] + places
    in_text = pairs.starts[text][:, None] + pairs.of_text[text][:, None] + places - begin
    at = torch.where(is_text, in_text, in_question).clamp(max=len(pairs.ids) - 1)
    own = question == text
    return Batch(
        ids=torch.where(is_there, pairs.ids[at], 0).long(),
        is_text=(is_text & is_there).long(),
        is_there=is_there,
        owners=torch.where(is_there, pairs.owners[at], -1).long(),
        in_answer=pairs.in_answer[at] & is_there,
        answering=torch.where(own, pairs.answering[question], -1),
        answers=torch.from_numpy(pairs.kinds[questions] == "answer").to(DEVICE) & own,
    )


def cropped(batch: Batch, draw: np.random.Generator) -> Batch:
    """Return a batch in which some texts are but some sentences in a row, the answering one among them."""
    keep = batch.is_there.clone()
    for row, answering in enumerate(batch.answering.tolist()):
        owners = batch.owners[row]
        count = int(owners.max()) + 1
        if count < LEAST_CROPPED or draw.random() > CROPPED:
            continue
        size = int(draw.integers(2, count))
        first = int(draw.integers(0, count - size + 1))
        if answering >= 0:
            first = int(np.clip(answering - draw.integers(0, size), 0, count - size))
        keep[row] &= (owners < 0) | ((owners >= first) & (owners < first + size))
    # What is kept moves to the front, in its order.
    order = torch.argsort((~keep).int(), dim=1, stable=True)[:, : int(keep.sum(1).max())]
    is_there = torch.gather(keep, 1, order)

    def moved(values: Tensor, padding: int) -> Tensor:
        return torch.where(is_there, torch.gather(values, 1, order), padding)

    return Batch(
        ids=moved(batch.ids, 0),
        is_text=moved(batch.is_text, 0),
        is_there=is_there,
        owners=moved(batch.owners, -1),
        in_answer=moved(batch.in_answer, False),
        answering=batch.answering,
        answers=batch.answers,
    )


def lengths_of(pairs: Pairs, questions: Tensor, texts: Tensor) -> Tensor:
    """Return how many tokens of each question and text together are read."""
    of_text = pairs.lengths[texts] - pairs.of_text[texts]
    return (pairs.of_text[questions] + of_text).clamp(max=LONGEST)


def batches(
    pairs: Pairs, questions: NDArray[np.int64], texts: NDArray[np.int64], draw: np.random.Generator
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return whose questions and whose texts each batch has: those of like length, in any order."""
    lengths = lengths_of(pairs, torch.from_numpy(questions).to(DEVICE), torch.from_numpy(texts).to(DEVICE))
    of_each = lengths.cpu().numpy()
    shuffled = draw.permutation(len(questions))
    parts: list[NDArray[np.int64]] = []
    for start in range(0, len(shuffled), SORTED_AT_ONCE):
        part = shuffled[start : start + SORTED_AT_ONCE]
        part = part[np.argsort(of_each[part], kind="stable")]
        while len(part):
            fitting = (np.arange(len(part)) + 1) * of_each[part] <= TOKENS_AT_ONCE
            count = max(1, int(fitting.sum()))
            parts.append(part[:count])
            part = part[count:]
    return [(questions[parts[each]], texts[parts[each]]) for each in draw.permutation(len(parts))]


def scales_of(weights: Tensor) -> Tensor:
    """Return the (outputs, 1) scales by which weights are divided to lie between -127 and 127."""
    return weights.abs().amax(dim=1, keepdim=True).clamp(min=1e-8) / 127


class Layer(nn.Module):
    """A layer of BERT (Devlin et al., 2018), with the weights that the model has in int8."""

    def __init__(self, number: int, initializers: Mapping[str, Any], names: Mapping[str, str]) -> None:
        super().__init__()
        self.number = number
        self.names = {}
        prefix = f"bert.encoder.layer.{number}."
        for name, part in _PARTS.items():
            own = names[f".{prefix}{part}"]
            self.names[name] = own
            weights = initializers[f"{own}_quantized"].astype(np.float32) * initializers[f"{own}_scale"]
            linear = nn.Linear(*weights.shape)
            linear.weight.data = torch.tensor(weights.T.copy())
            linear.bias.data = torch.tensor(initializers[f"{prefix}{part}.bias"].copy())
            self.add_module(name, linear)
        for name, part in _NORMS.items():
            self.add_module(name, norm_of(initializers, f"{prefix}{part}"))

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return the states after this layer; `mask` is added to what tokens attend to."""
        texts, places, _ = states.shape
        shape = (texts, places, HEADS, SIZE // HEADS)
        query, key, value = (
            getattr(self, each)(states).view(shape).transpose(1, 2).flatten(0, 1)
            for each in ("query", "key", "value")
        )
        # As plain products: on a CPU `scaled_dot_product_attention` takes longer on the way back.
        products = torch.bmm(query, key.transpose(1, 2)) / (SIZE // HEADS) ** 0.5
        shares = torch.softmax(products.view(texts, HEADS, places, places) + mask, dim=-1)
        attended = torch.bmm(shares.flatten(0, 1), value).view(texts, HEADS, places, -1)
        states = self.mixed_norm(states + self.mixed(attended.transpose(1, 2).reshape(states.shape)))
        normed: Tensor = self.narrow_norm(states + self.narrow(functional.gelu(self.wide(states))))
        return normed


def norm_of(initializers: Mapping[str, Any], name: str) -> nn.LayerNorm:
    """Return a layer normalisation of the model."""
    norm = nn.LayerNorm(SIZE, eps=1e-12)
    norm.weight.data = torch.tensor(initializers[f"{name}.weight"].copy())
    norm.bias.data = torch.tensor(initializers[f"{name}.bias"].copy())
    return norm


class Model(nn.Module):
    """The tuned layers with the two heads, over the lower ones as they run when answering."""

    def __init__(self, file: Path, first: int, tuned: Path | None = None) -> None:
        """Take the default cross-encoder from a layer on.

        Args:
            file: The whole of it, in int8.
            first: The first layer to be tuned.
            tuned: Folder of layers and heads to begin with; None for those that the model came with.
        """
        super().__init__()
        model = onnx.load(str(file))
        initializers = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
        names = {
            each.name.removesuffix("/MatMul_quant").replace("/", "."): each.input[1].removesuffix(
                "_quantized"
            )
            for each in model.graph.node
            if each.op_type == "MatMulInteger"
        }
        self.answering = nn.Linear(SIZE, 1)
        self.pointing = nn.Linear(SIZE, 1, bias=False)
        if tuned is not None:
            graph = onnx.GraphProto.FromString((tuned / TUNED_NAME).read_bytes())
            initializers |= {each.name: numpy_helper.to_array(each) for each in graph.initializer}
            fields = json.loads((tuned / POINTER_NAME).read_text(encoding="utf-8"))
            self.answering.weight.data = torch.tensor([fields["answering"]["weights"]])
            self.answering.bias.data = torch.tensor([fields["answering"]["intercept"]])
            self.pointing.weight.data = torch.tensor([fields["sentences"]["weights"]])
        self.layers = nn.ModuleList(Layer(each, initializers, names) for each in range(first, LAST + 1))
        # The texts of a batch are run beside each other.
        self.lower = OnnxSession(cut_at(file.read_bytes(), ModelPart(output_of(first - 1))), threads=1)
        self.pool = ThreadPoolExecutor(os.cpu_count())

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the logit that each text answers, (b,), and the scores of the tokens, (b, n)."""
        precision = next(self.layers.parameters()).dtype
        states = self.lower_states(batch).to(precision)
        mask = torch.zeros(batch.ids.shape, dtype=precision, device=DEVICE)
        mask = mask.masked_fill(~batch.is_there, _MASKED)[:, None, None]
        for layer in self.layers:
            states = layer(states, mask)
        states = states.float()
        return self.answering(states[:, 0])[:, 0], self.pointing(states)[..., 0]

    def lower_states(self, batch: Batch) -> Tensor:
        """Return what the layers below the tuned ones make of each pair by itself, (b, n, d)."""
        states = np.zeros((*batch.ids.shape, SIZE), np.float32)
        lengths = batch.is_there.sum(1).tolist()
        ids, kinds = batch.ids.cpu().numpy(), batch.is_text.cpu().numpy()

        def run(row: int) -> None:
            own = slice(row, row + 1), slice(0, lengths[row])
            inputs = {
                "input_ids": ids[own],
                "attention_mask": np.ones_like(ids[own]),
                "token_type_ids": kinds[own],
            }
            states[own] = self.lower.run(inputs)

        list(self.pool.map(run, range(len(lengths))))
        return torch.from_numpy(states).to(DEVICE)


def output_of(layer: int) -> str:
    """Return the name of a layer's output in the graph."""
    return f"/bert/encoder/layer.{layer}/output/LayerNorm/Add_1_output_0"


def loss_of(model: Model, batch: Batch, weight: Tensor) -> Tensor:
    """Return what is made small: the two heads' losses together."""
    logits, scores = model(batch)
    loss = functional.binary_cross_entropy_with_logits(logits, batch.answers.float(), pos_weight=weight)
    rows = (batch.answering >= 0).nonzero()[:, 0]
    if len(rows):
        owners, in_answer = batch.owners[rows], batch.in_answer[rows]
        chances = functional.log_softmax(scores[rows].masked_fill(owners < 0, _MASKED), dim=1)
        elsewhere = owners != batch.answering[rows][:, None]
        of_sentence = torch.logsumexp(chances.masked_fill(elsewhere, _MASKED), dim=1)
        of_tokens = (chances * in_answer).sum(1) / in_answer.sum(1)
        loss = loss - (0.7 * of_sentence + 0.3 * of_tokens).sum() / len(batch.answers)
    return loss


class Weights:
    """A model's parameters in 32 bits, whatever it computes with, and their running average."""

    def __init__(self, model: Model, rate: float, precision: torch.dtype, total: int) -> None:
        """Take the parameters as they are.

        Args:
            model: Whose layers compute in `precision` from here on.
            rate: The highest rate of the highest layer and of the heads.
            precision: Of the layers, not of the heads.
            total: Steps in which rates rise and fall.
        """
        self._model, self._precision = model, precision
        self._own = dict(model.named_parameters())
        self._masters = {name: own.detach().float().clone() for name, own in self._own.items()}
        self._averages = {name: each.clone() for name, each in self._masters.items()}
        self._steps = 0
        self._optimizer = torch.optim.AdamW([self._group(name, rate) for name in self._own], fused=True)
        warm_up = min(WARM_UP, max(1, total // 10))
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer, lambda step: min((step + 1) / warm_up, max(LEAST_RATE, 1 - step / total))
        )
        self.compute()

    def step(self) -> None:
        """Change the parameters by their gradients, which are gone then."""
        for name, own in self._own.items():
            self._masters[name].grad = None if own.grad is None else own.grad.float()
            own.grad = None
        nn.utils.clip_grad_norm_(self._masters.values(), 1.0)
        self._optimizer.step()
        self._schedule.step()
        self._steps += 1
        # At first the average is of few steps, and forgets where it began.
        left = min(AVERAGED, self._steps / (self._steps + 9))
        for name, master in self._masters.items():
            self._averages[name].lerp_(master, 1 - left)
        self._set(self._masters)

    def compute(self) -> None:
        """Have the model compute with the parameters that are tuned."""
        self._model.layers.to(self._precision)
        self._set(self._masters)

    def show(self) -> None:
        """Have the model compute with the average, in 32 bits."""
        self._model.layers.float()
        self._set(self._averages)

    @torch.no_grad()
    def _set(self, values: Mapping[str, Tensor]) -> None:
        for name, own in self._own.items():
            own.copy_(values[name])

    def _group(self, name: str, rate: float) -> dict[str, Any]:
        master = self._masters[name]
        part, _, rest = name.partition(".")
        above = len(self._model.layers) - 1 - int(rest.partition(".")[0]) if part == "layers" else 0
        decay = WEIGHT_DECAY if master.ndim > 1 else 0.0
        return {"params": [master], "lr": rate * LAYER_DECAY**above, "weight_decay": decay}


def tune(
    model: Model,
    pairs: Pairs,
    kept: NDArray[np.int64],
    epochs: float,
    rate: float = LEARNING_RATE,
    precision: torch.dtype = torch.float32,
) -> Iterator[float]:
    """Tune the layers, and yield now and then how much of it is done, with the average in the model."""
    draw = np.random.default_rng(0)
    total = max(1, int(len(batches_of_epoch(pairs, kept, draw)) * epochs))
    weights = Weights(model, rate, precision, total)
    shares = shares_of(pairs, kept)
    answered = shares[pairs.kinds[kept] == "answer"].sum() / shares.sum() / (1 + FAR_SHARE)
    of_answers = torch.tensor(float(((1 - answered) / answered) ** 0.5), device=DEVICE)
    step = 0
    while step < total:
        for questions, texts in batches_of_epoch(pairs, kept, draw):
            batch = cropped(batch_of(pairs, questions, texts), draw)
            loss_of(model, batch, of_answers).backward()  # type: ignore[no-untyped-call]
            weights.step()
            step += 1
            if step == total or step % max(1, total // REPORTS) == 0:
                weights.show()
                yield step / total
                if step < total:
                    weights.compute()
            if step == total:
                break


def batches_of_epoch(
    pairs: Pairs, kept: NDArray[np.int64], draw: np.random.Generator
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return, in batches, so many pairs of each kind, and some questions with the text of another pair."""
    chosen = kept[draw.random(len(kept)) < shares_of(pairs, kept)]
    count = int(FAR_SHARE * len(chosen))
    questions = np.concatenate([chosen, draw.choice(chosen, count, replace=False)])
    texts = np.concatenate([chosen, draw.choice(chosen, count, replace=False)])
    return batches(pairs, questions, texts, draw)


def shares_of(pairs: Pairs, which: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how likely each pair is read in an epoch, (n,)."""
    return np.array([KEPT[each] for each in pairs.kinds[which].tolist()])


@torch.no_grad()
def report(model: Model, pairs: Pairs, which: NDArray[np.int64]) -> str:
    """Return how well texts that answer are told from each kind that does not, and the sentence found."""
    logits, sentences = read(model, pairs, which)
    of_kind = {kind: logits[pairs.kinds[which] == kind] for kind in KEPT}
    answer = of_kind.pop("answer")
    areas = (
        f"{kind} {roc_auc_score([1] * len(answer) + [0] * len(own), np.append(answer, own)):.3f}"
        for kind, own in of_kind.items()
        if len(own)
    )
    answering = pairs.answering.cpu().numpy()[which]
    hits = [np.argmax(own) == sought for own, sought in zip(sentences, answering, strict=True) if sought >= 0]
    return f"areas: {', '.join(areas)}; sentence {np.mean(hits):.3f} of {len(hits)}"


@torch.no_grad()
def read(
    model: Model, pairs: Pairs, which: NDArray[np.int64]
) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
    """Return the logit of each pair and the logarithms of how likely each of its sentences is."""
    logits, sentences = [], []
    for start in range(0, len(which), 64):
        batch = batch_of(pairs, which[start : start + 64], which[start : start + 64])
        found, scores = model(batch)
        logits.append(found.cpu().numpy())
        count = max(1, int(batch.owners.max()) + 1)
        sentences += list(
            torch.stack(
                [
                    torch.logsumexp(scores.masked_fill(batch.owners != each, _MASKED), dim=1)
                    for each in range(count)
                ],
                dim=1,
            )
            .cpu()
            .numpy()
        )
    return np.concatenate(logits), sentences


def write(model: Model, folder: Path) -> None:
    """Write the layers as initializers of the graph that replace its own, and the heads."""
    graph = onnx.GraphProto()

    def add(name: str, values: ArrayLike) -> None:
        graph.initializer.append(numpy_helper.from_array(np.array(values, order="C"), name))

    for layer in model.layers:
        assert isinstance(layer, Layer)
        prefix = f"bert.encoder.layer.{layer.number}."
        for name, part in _PARTS.items():
            linear = getattr(layer, name)
            weights = linear.weight.detach().cpu()
            scales = scales_of(weights)
            add(f"{layer.names[name]}_quantized", torch.round(weights / scales).to(torch.int8).numpy().T)
            add(f"{layer.names[name]}_scale", scales.numpy()[:, 0])
            add(f"{prefix}{part}.bias", linear.bias.detach().cpu().numpy())
        for name, part in _NORMS.items():
            norm = getattr(layer, name)
            add(f"{prefix}{part}.weight", norm.weight.detach().cpu().numpy())
            add(f"{prefix}{part}.bias", norm.bias.detach().cpu().numpy())
    content = graph.SerializeToString()
    (folder / TUNED_NAME).write_bytes(content)
    fields = json.loads((folder / POINTER_NAME).read_text(encoding="utf-8"))
    fields["layer"] = output_of(LAST)
    fields["layers_sha256"] = hashlib.sha256(content).hexdigest()
    fields["answering"] = {
        "weights": digits(model.answering.weight.detach().cpu().numpy()[0]),
        "intercept": digits(model.answering.bias.detach().cpu().numpy())[0],
    }
    fields["sentences"]["weights"] = digits(model.pointing.weight.detach().cpu().numpy()[0])
    (folder / POINTER_NAME).write_text(json.dumps(fields) + "\n", encoding="utf-8")


def digits(values: NDArray[np.float32]) -> list[float]:
    """Return values to four digits."""
    return [float(f"{each:.4g}") for each in values]


if __name__ == "__main__":
    main()
