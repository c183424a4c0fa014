#!/usr/bin/env python3
"""Varve beside other engines, on the same data in the same minutes.

    compare.py BENCH BASE QUERY TRUTH [--metric l2|cosine|ip] [--threads 2] [--dir DIR]
               [--engines hnswlib,symphonyqg] [--out FILE]

BENCH is the varve-bench program, built for release. The other engines are Python packages (hnswlib, rabitqlib); those that are not
installed are left out. Every engine gets the same rows, the same 1,000 queries one after the other on one thread, and a range of
efforts; what it costs to find exactly 95 and 99 % of the ten nearest is read off on straight lines between them. Because other work on
the machine only adds to times, the processor time of a query is measured too, as the least mean of several passes.

Printed: one line of JSON an engine, then the ratios.
"""
import argparse
import importlib
import json
import os
import subprocess
import sys
import time

import numpy as np

TYPES = {"fbin": np.float32, "f16bin": np.float16, "u8bin": np.uint8, "i8bin": np.int8, "ibin": np.int32}
EFFORTS = [10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512]
TARGETS = [0.95, 0.99]
PASSES, SECONDS = 5, 4.0


def matrix(path):
    kind = TYPES[path.rsplit(".", 1)[1]]
    rows, columns = np.fromfile(path, np.uint32, 2)
    return np.fromfile(path, kind, offset=8).reshape(int(rows), int(columns))


class Hnswlib:
    """Graph in memory, M 16, efConstruction 200."""

    def __init__(self, rows, metric, threads):
        library = importlib.import_module("hnswlib")
        self.index = library.Index(metric, rows.shape[1])
        self.index.init_index(len(rows), ef_construction=200, M=16)
        self.index.set_num_threads(threads)
        self.index.add_items(rows, np.arange(len(rows)))
        self.index.set_num_threads(1)

    def search(self, query, effort):
        self.index.set_ef(effort)
        return self.index.knn_query(query, k=10)[0][0]


class SymphonyQG:
    """Graph of degree 32 with codes of the neighbours in each node."""

    def __init__(self, rows, metric, threads):
        library = importlib.import_module("rabitqlib")
        self.index = library.SymqgIndex(rows.shape[1], 32, "ip" if metric == "ip" else "l2")
        self.index.build(rows, 200, num_threads=threads)

    def search(self, query, effort):
        found = self.index.search(query.reshape(1, -1), 10, effort)
        ids = next(part for part in map(np.asarray, found) if np.issubdtype(part.dtype, np.integer))
        return ids.reshape(-1)


ENGINES = {"hnswlib": Hnswlib, "symphonyqg": SymphonyQG}


def measure(index, queries, truth, effort):
    for query in queries[:20]:
        index.search(query, effort)
    times, found, begin = [], 0, time.perf_counter()
    for query, wanted in zip(queries, truth):
        start = time.perf_counter()
        ids = index.search(query, effort)
        times.append(time.perf_counter() - start)
        found += len(set(map(int, ids)) & wanted)
        if time.perf_counter() - begin > SECONDS:
            break
    least, begin = float("inf"), time.perf_counter()
    for _ in range(PASSES):
        start = time.thread_time()
        for query in queries[:len(times)]:
            index.search(query, effort)
        least = min(least, (time.thread_time() - start) / len(times))
        if time.perf_counter() - begin > SECONDS:
            break
    return {"param": effort, "recall10": found / 10 / len(times), "qps": len(times) / sum(times), "qps_cpu": 1 / least,
            "p50_ms": float(np.percentile(times, 50)) * 1e3, "p99_ms": float(np.percentile(times, 99)) * 1e3}


def at(recall, settings):
    """The rates at exactly `recall`, on straight lines between times; of the least effort where that finds more."""
    for low, high in zip([settings[0]] + settings, settings):
        if high["recall10"] < recall:
            continue
        gap = high["recall10"] - low["recall10"]
        share = (recall - low["recall10"]) / gap if gap > 0 else 1
        rates = {k: 1 / (1 / low[k] + share * (1 / high[k] - 1 / low[k])) for k in ("qps", "qps_cpu")}
        return {"recall10": max(recall, settings[0]["recall10"]), **rates}
    return None


def run(name, rows, queries, truth, metric, threads):
    start = time.perf_counter()
    index = ENGINES[name](rows, metric, threads)
    report = {"engine": name, "build_s": time.perf_counter() - start, "search": []}
    for effort in EFFORTS:
        report["search"].append(measure(index, queries, truth, effort))
        if report["search"][-1]["recall10"] > 0.997:
            break
    report["at_recall"] = [at(target, report["search"]) for target in TARGETS]
    return report


def main():
    parser = argparse.ArgumentParser()
    for name in ("bench", "base", "query", "truth"):
        parser.add_argument(name)
    parser.add_argument("--metric", default="l2", choices=["l2", "cosine", "ip"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dir", default=".")
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--out")
    a = parser.parse_args()
    command = [a.bench, "search", "--base", a.base, "--query", a.query, "--gt", a.truth, "--metric", a.metric, "--load", "bulk",
               "--budget", "8192", "--threads", str(a.threads), "--dir", a.dir]
    reports = [json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)]
    rows, queries = matrix(a.base).astype(np.float32), matrix(a.query)[:1000].astype(np.float32)
    if a.metric == "cosine":
        rows, queries = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (rows, queries))
    truth = [set(map(int, row[:10])) for row in matrix(a.truth)[:1000]]
    for name in a.engines.split(","):
        try:
            reports.append(run(name, rows, queries, truth, a.metric, a.threads))
        except ImportError as problem:
            print(f"{name} is left out: {problem}", file=sys.stderr)
    for report in reports:
        line = json.dumps(report)
        print(line)
        if a.out:
            with open(a.out, "a", encoding="utf-8") as file:
                file.write(line + os.linesep)
    own = reports[0]
    for other in reports[1:]:
        for place, target in enumerate(TARGETS):
            mine, theirs = own["at_recall"][place], other["at_recall"][place]
            if mine and theirs:
                ratios = " ".join(f"{k} {mine[k]:.0f}/{theirs[k]:.0f} = {mine[k] / theirs[k]:.2f}" for k in ("qps", "qps_cpu"))
                print(f"varve/{other['engine']} at {target}: {ratios}")
        print(f"build seconds: {own['build_s']:.1f}/{other['build_s']:.1f} = {own['build_s'] / other['build_s']:.2f}")


if __name__ == "__main__":
    main()
