#!/usr/bin/env python3
"""Make the small data set in debian-packages/ from a full embedding of Debian's package descriptions.

    make-debian-packages.py SOURCE [TARGET]

SOURCE holds base.f16bin, base.meta.jsonl, query.f16bin and query.meta.jsonl: unit vectors of 384 float16
components, and one JSON object a line that describes the row with the same number. TARGET is
debian-packages/ beside this script unless given. The same source gives the same bytes. Needs numpy.
"""
import json
import os
import sys

import numpy as np

ROWS = 14_000
QUERIES = 250
NEAREST = 10
ATTRIBUTES = ["name", "section", "installed_size", "tags", "synopsis"]


def read_vectors(path):
    """The float16 vectors in `path`: uint32 rows, uint32 columns, then the values."""
    rows, columns = np.fromfile(path, dtype="<u4", count=2)
    return np.memmap(path, dtype="<f2", mode="r", offset=8, shape=(int(rows), int(columns)))


def write_matrix(path, values):
    """Writes uint32 rows, uint32 columns, then `values` row by row."""
    with open(path, "wb") as file:
        np.array(values.shape, dtype="<u4").tofile(file)
        np.ascontiguousarray(values).tofile(file)


def spread(count, wanted):
    """`wanted` row numbers below `count`, evenly spread."""
    return np.arange(wanted) * count // wanted


def quantize(vectors):
    """Each vector scaled so that its largest component is 127, rounded to whole numbers.

    The angle is all that cosine looks at, so the scale is not kept.
    """
    vectors = np.asarray(vectors, dtype=np.float64)
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    return np.rint(vectors * (127 / largest)).astype(np.int8)


def exact(base, queries):
    """For each query the rows of the nearest base vectors by cosine, nearest first, ties by lower row.

    Dot products of whole numbers are exact in float64; one square root and one division follow.
    """
    base, queries = base.astype(np.float64), queries.astype(np.float64)
    norms = np.sqrt((base * base).sum(axis=1))
    answers = np.empty((len(queries), NEAREST), dtype="<i4")
    for number, query in enumerate(queries):
        similarity = (base @ query) / norms
        answers[number] = np.argsort(-similarity, kind="stable")[:NEAREST]
    return answers


def write_attributes(path, source, rows):
    """Writes the attributes of `rows`, one JSON object a line; empty values are left out."""
    with open(source, encoding="utf-8") as file:
        lines = file.readlines()
    with open(path, "w", encoding="utf-8") as file:
        for row in rows:
            package = json.loads(lines[row])
            kept = {key: package[key] for key in ATTRIBUTES if package[key] not in ("", [])}
            file.write(json.dumps(kept, ensure_ascii=False, separators=(",", ":")) + "\n")


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    source = sys.argv[1]
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "debian-packages")
    target = sys.argv[2] if len(sys.argv) == 3 else beside
    os.makedirs(target, exist_ok=True)
    vectors = {}
    for part, wanted in (("base", ROWS), ("query", QUERIES)):
        full = read_vectors(os.path.join(source, part + ".f16bin"))
        rows = spread(len(full), wanted)
        vectors[part] = quantize(full[rows])
        write_matrix(os.path.join(target, part + ".i8bin"), vectors[part])
        write_attributes(
            os.path.join(target, part + ".jsonl"), os.path.join(source, part + ".meta.jsonl"), rows)
    write_matrix(os.path.join(target, "gt.ibin"), exact(vectors["base"], vectors["query"]))


if __name__ == "__main__":
    main()
