"""Tunes the upper layers of the default cross-encoder to tell a passage that answers from a near miss.

    python -m tests.benchmarks.tune_reading [--data DIR] [--epochs N] [--write] [--held-out DIR]

DIR holds a dataset in the form that `index.questions` reads, in which questions without an answer may
name the place that comes closest (`closest`, like a span). The layers that Footnote ships with were
tuned on `tests/benchmarks/training`: articles about invented matters, written for this purpose, with
questions that they answer (asked plainly, in other words, in keywords, with typing errors) and
questions on their very subject that they do not. No article of the collections that Footnote is
measured on is among them.

Every question is paired with passages: the one that answers, the same without the answering sentence,
the likeliest other ones of the same and of another article, and, of a question that is not answered,
the likeliest and the closest. The lower layers stay as they are and run as they do when answering, in
int8; those above are tuned in float32 with two heads, and rounded to int8 at the end: whether the text
answers, on the state of question and text together (binary cross-entropy), and which sentence does, a
softmax over the tokens (the logarithm of what lies on the sentence and on the answer). It is what is
fine-tuned on SQuAD 2.0 for (Rajpurkar et al., "Know What You Don't Know", 2018), of sentences.

Two epochs take about forty minutes on two cores. `fit_ranking` has to follow, with the articles that
are kept aside among its datasets: it puts what comes out into the one probability.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
from index.builder import build_index
from index.chosen_encoder import ChosenEncoder
from index.cross_encoder import PairTokenizer, default_cross_encoder_folder
from index.generation import IndexFolder
from index.onnx_graphs import ModelPart
from index.onnx_sessions import OnnxSession
from index.questions import read_questions
from index.ranking import default_weights, first_look
from index.retriever import Retriever
from index.second_look import sentences_in_text
from index.texts import StoredPassage
from index.tuned_layers import TUNED_NAME
from index.types import AnswerSpan, Question, Span

FIRST, LAST = 5, 8
"""The layers that are tuned, counted from 0; the graph is cut after the last."""
SIZE, HEADS = 384, 12
LEARNING_RATE: Final = 1e-4
WARM_UP: Final = 0.1
DROPOUT: Final = 0.1
TOKENS_AT_ONCE: Final = 3000
CANDIDATES: Final = 20
CUT_SHARE: Final = 0.6
"""Of the answering passages those that are read without their answering sentence as well."""
HELD_OUT: Final = 16
"""One article in so many is kept aside to be judged on."""

DATA: Final = Path(__file__).parent / "training"
INDEX: Final = Path(__file__).parents[2] / "index"
_PARTS: Final = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "mixed": "attention.output.dense",
    "wide": "intermediate.dense",
    "narrow": "output.dense",
}
_NORMS: Final = {"mixed_norm": "attention.output.LayerNorm", "narrow_norm": "output.LayerNorm"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and a text."""

    question: str
    text: str
    kind: str
    """How the text was come by: answer, cut, same, other, near."""
    article_id: str
    """Of the question."""
    sentences: Sequence[Span]
    answer: Span | None
    """Where the text has the answer."""


@dataclass(frozen=True, slots=True)
class Example:
    """A pair as the lower layers read it."""

    pair: Pair
    states: NDArray[np.float16]
    """(n, d)."""
    owners: NDArray[np.int64]
    """(n,): the sentence that each token belongs to, -1 for none."""
    in_answer: NDArray[np.bool_]
    """(n,)."""
    answering: int
    """The sentence that answers, -1 for none."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Tune, report, and with `--write` replace the layers that Footnote ships with."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of one dataset")
    parser.add_argument("--work", type=Path, help="keeps the index between runs")
    parser.add_argument("--epochs", type=float, default=2.0)
    parser.add_argument("--write", action="store_true", help=f"replace index/{TUNED_NAME}")
    parser.add_argument("--held-out", type=Path, help="only write what is kept aside there, as a dataset")
    given = parser.parse_args(arguments)
    if given.held_out is not None:
        write_held_out(given.data, given.held_out)
        return
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as private:
        pairs = list(pairs_of(given.data, given.work or Path(private)))
    print(f"{len(pairs)} pairs", flush=True)
    examples = read_by_lower_layers(pairs)
    held_out = [each for each in examples if is_held_out(each.pair.article_id)]
    kept = [each for each in examples if not is_held_out(each.pair.article_id)]
    top = Top(onnx.load(str(default_cross_encoder_folder() / "model.onnx")))
    print("as it comes:", report(top, held_out), flush=True)
    for share_done in tune(top, kept, given.epochs):
        print(f"{share_done:.0%}:", report(top, held_out), flush=True)
        if given.write:
            write(top)


def is_held_out(article_id: str) -> bool:
    """Return whether an article is kept aside."""
    return zlib.crc32(article_id.encode()) % HELD_OUT == 0


def write_held_out(data: Path, folder: Path) -> None:
    """Write the articles that are kept aside, with their questions, as a dataset."""
    (folder / "articles").mkdir(parents=True, exist_ok=True)
    for path in (data / "articles").iterdir():
        if is_held_out(path.stem):
            shutil.copy(path, folder / "articles")
    with (folder / "questions.jsonl").open("w", encoding="utf-8") as file:
        for line in (data / "questions.jsonl").read_text(encoding="utf-8").splitlines():
            fields = json.loads(line)
            if is_held_out((fields["spans"] or [fields["closest"]])[0]["article"]):
                file.write(f"{line}\n")


def pairs_of(data: Path, work: Path) -> Iterator[Pair]:
    """Yield the pairs of all questions."""
    draw = np.random.default_rng(0)
    lines = (data / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    closest = {
        fields["id"]: AnswerSpan(near["article"], Span(near["start"], near["end"]), near["text"])
        for fields in map(json.loads, lines)
        if (near := fields.get("closest"))
    }
    folder, encoder = IndexFolder(work), ChosenEncoder()
    build_index(data / "articles", folder, encoder)
    with Retriever.open(folder, encoder, None) as retriever:
        for question in read_questions(data / "questions.jsonl"):
            yield from pairs_of_question(retriever, question, closest.get(question.question_id), draw)


def pairs_of_question(
    retriever: Retriever, question: Question, closest: AnswerSpan | None, draw: np.random.Generator
) -> Iterator[Pair]:
    """Yield what one question is paired with."""
    asked = retriever.encode(question.text).text
    evidence = retriever.evidence(question.text)
    order = np.argsort(-first_look(evidence, default_weights()))[:CANDIDATES]
    candidates = list(retriever.texts.passages(evidence.rows[order].tolist()))
    sought = closest or question.spans[0]
    own = [each for each in candidates if each.source.article_id == sought.article_id]
    holding = [
        each
        for each in own
        if each.passage.span.start <= sought.span.start and sought.span.end <= each.passage.span.end
    ]

    def pair(stored: StoredPassage, kind: str, answer: Span | None = None) -> Pair:
        return Pair(asked, stored.text, kind, sought.article_id, sentences_in_text(stored), answer)

    if closest is not None:
        near = candidates[:1] + [each for each in holding if each is not candidates[0]]
        if draw.random() < 0.3:
            near += [each for each in candidates[1:2] if each not in near]
        yield from (pair(each, "near") for each in near)
        return
    for stored in holding[:1]:
        begin = stored.passage.span.start
        answer = Span(sought.span.start - begin, sought.span.end - begin)
        whole = pair(stored, "answer", answer)
        yield whole
        left = [each for each in whole.sentences if each.end <= answer.start or each.start >= answer.end]
        if left and draw.random() < CUT_SHARE:
            text = " ".join(each.of(stored.text) for each in left)
            yield replace(whole, text=text, kind="cut", sentences=(), answer=None)
    yield from (pair(each, "same") for each in [each for each in own if each not in holding][:1])
    yield from (pair(each, "other") for each in [each for each in candidates if each not in own][:1])


def read_by_lower_layers(pairs: Sequence[Pair]) -> list[Example]:
    """Return the states that the layers below the tuned ones give, as they run when answering."""
    folder = default_cross_encoder_folder()
    session = OnnxSession(folder / "model.onnx", part=ModelPart(output_of(FIRST - 1)))
    tokenizer = PairTokenizer(folder)
    examples = []
    for pair in pairs:
        encoded = tokenizer.encode(pair.question, pair.text)
        states = session.run(encoded.inputs)[0]
        owners = np.full(len(states), -1, np.int64)
        in_answer = np.zeros(len(states), np.bool_)
        begins, ends = encoded.places.T
        text = slice(len(states) - len(encoded.places), None)
        for number, each in enumerate(pair.sentences):
            owners[text][(begins >= each.start) & (ends <= each.end) & (begins < ends)] = number
        answering = -1
        if pair.answer is not None:
            in_answer[text] = (begins < pair.answer.end) & (ends > pair.answer.start) & (begins < ends)
            found = owners[in_answer]
            answering = int(found[0]) if len(found) else -1
        examples.append(Example(pair, states.astype(np.float16), owners, in_answer, answering))
    return examples


def output_of(layer: int) -> str:
    """Return the name of a layer's output in the graph."""
    return f"/bert/encoder/layer.{layer}/output/LayerNorm/Add_1_output_0"


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
            norm = nn.LayerNorm(SIZE, eps=1e-12)
            norm.weight.data = torch.tensor(initializers[f"{prefix}{part}.weight"].copy())
            norm.bias.data = torch.tensor(initializers[f"{prefix}{part}.bias"].copy())
            self.add_module(name, norm)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return the states after this layer; `mask` is added to what tokens attend to."""
        shape = (*states.shape[:2], HEADS, SIZE // HEADS)
        query, key, value = (
            getattr(self, each)(states).view(shape).transpose(1, 2) for each in ("query", "key", "value")
        )
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        mixed = self.mixed(attended.transpose(1, 2).reshape(states.shape))
        states = self.mixed_norm(states + functional.dropout(mixed, DROPOUT, self.training))
        narrow = self.narrow(functional.gelu(self.wide(states)))
        normed: Tensor = self.narrow_norm(states + functional.dropout(narrow, DROPOUT, self.training))
        return normed


class Top(nn.Module):
    """The tuned layers with their two heads."""

    def __init__(self, model: onnx.ModelProto) -> None:
        super().__init__()
        initializers = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
        names = {
            each.name.removesuffix("/MatMul_quant").replace("/", "."): each.input[1].removesuffix(
                "_quantized"
            )
            for each in model.graph.node
            if each.op_type == "MatMulInteger"
        }
        self.layers = nn.ModuleList(Layer(each, initializers, names) for each in range(FIRST, LAST + 1))
        self.answering = nn.Linear(SIZE, 1)
        self.pointing = nn.Linear(SIZE, 1, bias=False)

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logit that each text answers, (b,), and the scores of the tokens, (b, n)."""
        for layer in self.layers:
            states = layer(states, mask)
        return self.answering(states[:, 0])[:, 0], self.pointing(states)[:, :, 0]


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples side by side, padded to the longest."""

    states: Tensor
    mask: Tensor
    owners: Tensor
    in_answer: Tensor
    answering: Tensor
    answers: Tensor


def batch_of(examples: Sequence[Example]) -> Batch:
    """Return examples as one batch."""
    shape = (len(examples), max(len(each.states) for each in examples))
    states = torch.zeros(*shape, SIZE)
    mask = torch.full((shape[0], 1, 1, shape[1]), -1e9)
    owners = torch.full(shape, -1)
    in_answer = torch.zeros(shape)
    for row, each in enumerate(examples):
        length = len(each.states)
        states[row, :length] = torch.from_numpy(each.states.astype(np.float32))
        mask[row, ..., :length] = 0
        owners[row, :length] = torch.from_numpy(each.owners)
        in_answer[row, :length] = torch.from_numpy(each.in_answer.astype(np.float32))
    answering = torch.tensor([each.answering for each in examples])
    answers = torch.tensor([float(each.pair.kind == "answer") for each in examples])
    return Batch(states, mask, owners, in_answer, answering, answers)


def batches(examples: Sequence[Example], draw: np.random.Generator) -> list[list[Example]]:
    """Return the examples in batches of like length, in any order."""
    shuffled = draw.permutation(len(examples))
    found: list[list[Example]] = []
    for start in range(0, len(shuffled), 1024):
        batch: list[Example] = []
        for each in sorted(
            (examples[one] for one in shuffled[start : start + 1024]), key=lambda e: len(e.states)
        ):
            if batch and (len(batch) + 1) * len(each.states) > TOKENS_AT_ONCE:
                found.append(batch)
                batch = []
            batch.append(each)
        found.append(batch)
    return [found[each] for each in draw.permutation(len(found))]


def loss_of(top: Top, batch: Batch, weight: Tensor) -> Tensor:
    """Return what is made small: the two heads' losses together."""
    logits, scores = top(batch.states, batch.mask)
    loss = functional.binary_cross_entropy_with_logits(logits, batch.answers, pos_weight=weight)
    rows = (batch.answering >= 0).nonzero()[:, 0]
    if len(rows):
        owners, in_answer = batch.owners[rows], batch.in_answer[rows]
        chances = functional.log_softmax(scores[rows].masked_fill(owners < 0, -1e9), dim=1)
        elsewhere = owners != batch.answering[rows][:, None]
        of_sentence = torch.logsumexp(chances.masked_fill(elsewhere, -1e9), dim=1)
        of_tokens = (chances * in_answer).sum(1) / in_answer.sum(1)
        loss = loss - (0.7 * of_sentence + 0.3 * of_tokens).sum() / len(batch.answers)
    return loss


def tune(top: Top, examples: Sequence[Example], epochs: float) -> Iterator[float]:
    """Tune the layers, and yield now and then how much of it is done."""
    draw = np.random.default_rng(0)
    total = int(len(batches(examples, draw)) * epochs)
    held_back = [each for each in top.parameters() if each.ndim > 1]
    free = [each for each in top.parameters() if each.ndim == 1]
    optimizer = torch.optim.AdamW(
        [{"params": held_back, "weight_decay": 0.01}, {"params": free, "weight_decay": 0.0}], lr=LEARNING_RATE
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / (WARM_UP * total), max(0.02, 1 - step / total))
    )
    answered = np.mean([each.pair.kind == "answer" for each in examples])
    weight = torch.tensor(float(((1 - answered) / answered) ** 0.5))
    step = 0
    while step < total:
        for batch in batches(examples, draw):
            top.train()
            optimizer.zero_grad()
            loss_of(top, batch_of(batch), weight).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(top.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            step += 1
            if step % (total // 8) == 0:
                yield step / total
            if step == total:
                break


@torch.no_grad()
def report(top: Top, examples: Sequence[Example]) -> str:
    """Return how well texts that answer are told from each kind that does not, and the sentence found."""
    top.eval()
    logits: dict[str, list[float]] = {}
    hits = []
    for batch in batches(examples, np.random.default_rng(0)):
        padded = batch_of(batch)
        found, scores = top(padded.states, padded.mask)
        for example, logit, own in zip(batch, found.tolist(), scores.numpy(), strict=True):
            logits.setdefault(example.pair.kind, []).append(logit)
            if example.answering >= 0:
                hits.append(likeliest_sentence(example, own) == example.answering)
    areas = (
        f"{kind} {roc_auc_score([1] * len(logits['answer']) + [0] * len(own), logits['answer'] + own):.3f}"
        for kind, own in sorted(logits.items())
        if kind != "answer"
    )
    return f"areas: {', '.join(areas)}; sentence {np.mean(hits):.3f} of {len(hits)}"


def likeliest_sentence(example: Example, scores: NDArray[np.float32]) -> int:
    """Return the sentence whose tokens are together the likeliest."""
    own = scores[: len(example.owners)]
    of_each = [own[example.owners == each] for each in range(len(example.pair.sentences))]
    return int(np.argmax([np.logaddexp.reduce(each) if len(each) else -np.inf for each in of_each]))


def write(top: Top) -> None:
    """Write the layers as initializers of the graph that replace its own, and the heads."""
    graph = onnx.GraphProto()

    def add(name: str, values: ArrayLike) -> None:
        graph.initializer.append(numpy_helper.from_array(np.array(values, order="C"), name))

    for layer in top.layers:
        assert isinstance(layer, Layer)
        prefix = f"bert.encoder.layer.{layer.number}."
        for name, part in _PARTS.items():
            linear = getattr(layer, name)
            weights = linear.weight.detach().numpy().T
            scale = np.float32(np.abs(weights).max() / 127)
            add(f"{layer.names[name]}_quantized", np.round(weights / scale).astype(np.int8))
            add(f"{layer.names[name]}_scale", scale)
            add(f"{prefix}{part}.bias", linear.bias.detach().numpy())
        for name, part in _NORMS.items():
            norm = getattr(layer, name)
            add(f"{prefix}{part}.weight", norm.weight.detach().numpy())
            add(f"{prefix}{part}.bias", norm.bias.detach().numpy())
    content = graph.SerializeToString()
    (INDEX / TUNED_NAME).write_bytes(content)
    fields = json.loads((INDEX / POINTER_NAME).read_text(encoding="utf-8"))
    fields["layer"] = output_of(LAST)
    fields["layers_sha256"] = hashlib.sha256(content).hexdigest()
    fields["answering"] = {
        "weights": rounded(top.answering.weight.detach().numpy()[0]),
        "intercept": rounded(top.answering.bias.detach().numpy())[0],
    }
    fields["sentences"]["weights"] = rounded(top.pointing.weight.detach().numpy()[0])
    (INDEX / POINTER_NAME).write_text(json.dumps(fields) + "\n", encoding="utf-8")


def rounded(values: NDArray[np.float32]) -> list[float]:
    """Return values to four digits."""
    return [float(f"{each:.4g}") for each in values]


if __name__ == "__main__":
    main()
