"""What a text means, as 256 numbers: WordLlama's vectors of its tokens, averaged, of length one.

Read from the package's own files, mapped and not copied, so that a process needs some 40 MB for it, most of
them the libraries'. Those are imported on first use. The file is also a program (`embedder.py` starts it): it
reads lines of JSON, each a list of texts, and answers each with a line that lists their meanings.
"""

import json
import re
import struct
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol

__all__ = ["DIMENSIONS", "Model", "load_model", "readable"]

DIMENSIONS: Final = 256
LONGEST_TEXT: Final = 2_000
WEIGHTS: Final = "weights/l2_supercat_256.safetensors"
TOKENIZER: Final = "tokenizers/l2_supercat_tokenizer_config.json"
# Addresses say nothing, and signs before a word would make it another one.
_NOISE: Final = re.compile(r"https?://\S+|[#@_]+")


class Model(Protocol):
    def embed(self, texts: list[str]) -> list[str]:
        """The meaning of each text as pgvector writes it, `[0.1,…]`; an empty string for a text without
        one."""
        ...


class WordModel:
    def __init__(self, numpy: Any, tokenizer: Any, vectors: Any) -> None:
        self._numpy = numpy
        self._tokenizer = tokenizer
        self._vectors = vectors

    def embed(self, texts: list[str]) -> list[str]:
        encoded = self._tokenizer.encode_batch([readable(text) for text in texts], add_special_tokens=False)
        return [self._mean(each.ids) for each in encoded]

    def _mean(self, tokens: list[int]) -> str:
        if not tokens:
            return ""
        mean = self._vectors[tokens].astype(self._numpy.float32).mean(axis=0)
        length = float(self._numpy.linalg.norm(mean))
        if not length:
            return ""
        return "[" + ",".join(f"{number:.4f}" for number in (mean / length).tolist()) + "]"


def readable(text: str) -> str:
    """`text` as the tokenizer shall see it: in one case, without what carries no meaning."""
    return " ".join(_NOISE.sub(" ", text[:LONGEST_TEXT]).lower().split())


def load_model() -> Model:
    """Takes a fifth of a second. Raises FileNotFoundError where WordLlama is not installed."""
    import numpy
    from tokenizers import Tokenizer

    found = find_spec("wordllama")
    if found is None or found.origin is None:
        raise FileNotFoundError("wordllama")
    package = Path(found.origin).parent
    tokenizer = Tokenizer.from_file(str(package / TOKENIZER))
    return WordModel(numpy, tokenizer, _mapped(numpy, package / WEIGHTS))


def _mapped(numpy: Any, path: Path) -> Any:
    """The one matrix of a safetensors file: eight bytes that say how long the header is, the header, the
    numbers."""
    with path.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
    (matrix,) = (about for name, about in header.items() if name != "__metadata__")
    assert matrix["dtype"] == "F16"
    assert matrix["shape"][1] == DIMENSIONS
    begin, _ = matrix["data_offsets"]
    return numpy.memmap(
        path, dtype=numpy.float16, mode="r", offset=8 + size + begin, shape=tuple(matrix["shape"])
    )


def serve() -> None:
    """Until standard input ends, which it does with the process that holds its other end."""
    model = load_model()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(model.embed(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
