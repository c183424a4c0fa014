#!/usr/bin/env python3
"""From raw rows to the optimised state: Varve beside other embedded engines.

    lifecycle.py BENCH BASE QUERY TRUTH [--engines varve,lancedb-hnsw,lancedb-pq,qdrant-edge,zvec]
                 [--threads 2] [--budget 8192] [--dir DIR]

BENCH is the varve-bench program, built for release. The others are Python packages (lancedb with pyarrow, qdrant-edge-py, zvec); those that
are not installed are left out. Every engine gets the same rows in batches of 1,000 (Varve syncs each of them before it goes on), then
is told to optimise: one graph over all rows (lancedb-hnsw: a graph in each of its lists; lancedb-pq: lists and codes, no graph). Each runs in a
process of its own.

Printed: one line of JSON an engine: seconds to write, seconds in all, peak memory over what the rows take, recall@10 and queries a second at one
setting.
"""
import argparse
import importlib
import json
import os
import resource
import shutil
import subprocess
import sys
import time

import numpy as np

from compare import matrix

BATCH, QUERIES = 1_000, 1_000


class Lance:
    """Appends, compaction of the fragments, then lists with `kind` in them."""

    def __init__(self, kind, folder, rows, threads):
        os.environ["LANCE_CPU_THREADS"] = str(threads)
        lancedb = importlib.import_module("lancedb")
        self.arrow = importlib.import_module("pyarrow")
        self.kind, self.rows = kind, rows
        schema = self.arrow.schema([("id", self.arrow.int64()), ("vector", self.arrow.list_(self.arrow.float32(), rows.shape[1]))])
        self.table = lancedb.connect(folder).create_table("rows", schema=schema)

    def write(self, first, last):
        values = self.arrow.array(self.rows[first:last].reshape(-1))
        vectors = self.arrow.FixedSizeListArray.from_arrays(values, self.rows.shape[1])
        self.table.add(self.arrow.table({"id": self.arrow.array(np.arange(first, last)), "vector": vectors}))

    def optimise(self):
        self.table.optimize()
        options = {"num_partitions": max(1, int(np.sqrt(len(self.rows))))}
        if self.kind == "IVF_PQ":
            options["num_sub_vectors"] = max(1, self.rows.shape[1] // 8)
        self.table.create_index(metric="l2", vector_column_name="vector", index_type=self.kind, **options)

    def search(self, query):
        search = self.table.search(query).distance_type("l2").limit(10).nprobes(16).select(["id"])
        search = search.refine_factor(10) if self.kind == "IVF_PQ" else search.ef(64)
        return search.to_arrow()["id"].to_pylist()


class QdrantEdge:
    """Graph of M 16, efConstruction 100, over one segment."""

    def __init__(self, folder, rows, threads):
        self.module = qe = importlib.import_module("qdrant_edge")
        self.rows = rows
        os.makedirs(folder, exist_ok=True)
        self.shard = qe.EdgeShard.create(folder, qe.EdgeConfig(
            vectors={"v": qe.EdgeVectorParams(rows.shape[1], qe.Distance.Euclid)},
            hnsw_config=qe.HnswIndexConfig(16, 100, 1000, max_indexing_threads=threads),
            optimizers=qe.EdgeOptimizersConfig(default_segment_number=1, indexing_threshold=100)))

    def write(self, first, last):
        points = [self.module.Point(row, {"v": self.rows[row].tolist()}, None) for row in range(first, last)]
        self.shard.update(self.module.UpdateOperation.upsert_points(points))

    def optimise(self):
        self.shard.flush()
        self.shard.optimize()

    def search(self, query):
        qe = self.module
        found = self.shard.search(qe.SearchRequest(
            qe.Query.Nearest(query.tolist(), using="v"), 10, params=qe.SearchParams(hnsw_ef=64)))
        return [hit.id for hit in found]


class Zvec:
    """Graph of M 16, efConstruction 100, after its optimisation."""

    def __init__(self, folder, rows, threads):
        self.module = z = importlib.import_module("zvec")
        z.init(query_threads=threads, optimize_threads=threads, log_level=z.LogLevel.ERROR)
        self.rows = rows
        index = z.HnswIndexParam(metric_type=z.MetricType.L2, m=16, ef_construction=100)
        schema = z.CollectionSchema(name="rows", vectors=z.VectorSchema("v", z.DataType.VECTOR_FP32, rows.shape[1], index))
        self.collection = z.create_and_open(path=folder, schema=schema)

    def write(self, first, last):
        self.collection.insert([self.module.Doc(id=str(row), vectors={"v": self.rows[row].tolist()}) for row in range(first, last)])

    def optimise(self):
        self.collection.flush()
        self.collection.optimize()

    def search(self, query):
        z = self.module
        found = self.collection.query(z.VectorQuery("v", vector=query.tolist(), param=z.HnswQueryParam(ef=64)), topk=10)
        return [int(hit.id) for hit in found]


ENGINES = {
    "lancedb-hnsw": lambda *a: Lance("IVF_HNSW_SQ", *a),
    "lancedb-pq": lambda *a: Lance("IVF_PQ", *a),
    "qdrant-edge": QdrantEdge,
    "zvec": Zvec,
}


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(name, a):
    """One engine in this process."""
    rows = matrix(a.base).astype(np.float32)
    queries, truth = matrix(a.query)[:QUERIES].astype(np.float32), matrix(a.truth)[:QUERIES]
    folder = os.path.join(a.dir, name)
    shutil.rmtree(folder, ignore_errors=True)
    before = peak_mib()
    index = ENGINES[name](folder, rows, a.threads)
    start, processor = time.perf_counter(), time.process_time()
    for first in range(0, len(rows), BATCH):
        index.write(first, min(first + BATCH, len(rows)))
    written = time.perf_counter() - start
    index.optimise()
    total, processor = time.perf_counter() - start, time.process_time() - processor
    peak = peak_mib() - before
    start = time.perf_counter()
    found = sum(len(set(map(int, index.search(query))) & set(map(int, wanted[:10]))) for query, wanted in zip(queries, truth))
    seconds = time.perf_counter() - start
    shutil.rmtree(folder, ignore_errors=True)
    return {"engine": name, "n": len(rows), "ingest_s": round(written, 2), "total_s": round(total, 2), "cpu_s": round(processor, 2),
            "peak_over_data_mib": round(peak), "recall10": round(found / 10 / len(queries), 4), "qps": round(len(queries) / seconds)}


def varve(a):
    """The store itself, by the command that measures it."""
    command = [a.bench, "lifecycle", "--base", a.base, "--query", a.query, "--gt", a.truth, "--batch", str(BATCH),
               "--budget", str(a.budget), "--threads", str(a.threads), "--dir", a.dir]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)
    names = ["n", "ingest_s", "total_s", "cpu_s", "peak_over_data_mib", "write_amplification", "longest_stall_s", "merge_count"]
    return {"engine": "varve", "budget_mib": a.budget, **{name: report[name] for name in names}, "recall10": report["recall_at_64"]}


def main():
    parser = argparse.ArgumentParser()
    for name in ("bench", "base", "query", "truth"):
        parser.add_argument(name)
    parser.add_argument("--engines", default=",".join(["varve", *ENGINES]))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--budget", type=int, default=8192)
    parser.add_argument("--dir", default=".")
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.alone:
        print(json.dumps(run(a.alone, a)))
        return
    for name in a.engines.split(","):
        if name == "varve":
            print(json.dumps(varve(a)), flush=True)
            continue
        command = [sys.executable, __file__, a.bench, a.base, a.query, a.truth, "--threads", str(a.threads), "--dir", a.dir, "--alone", name]
        ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if ended.returncode:
            print(f"{name} is left out: {ended.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        else:
            print(ended.stdout.strip().splitlines()[-1], flush=True)


if __name__ == "__main__":
    main()
