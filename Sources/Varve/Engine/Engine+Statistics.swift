// Gathering the figures of a store.

import Synchronization
import VarveFormat
import VarveManifest
import VarveMemtable
import VarveQuery
import VarveSegment
import VarveStorage

extension Engine {
    /// The store in figures, of the view of now.
    func statistics() -> Statistics {
        let view = view
        var figures = Statistics()
        figures.rowCount = view.liveRowCount
        figures.sequence = visibleSequence
        figures.version = view.state.manifest.version
        for segment in view.state.segments {
            figures.segmentCount += 1
            figures.segmentRowCount += segment.record.rowCount
            figures.segmentByteCount += segment.record.byteCount
            figures.pageCodeByteCount += (try? segment.reader.pageCodeByteCount) ?? 0
            figures.deadRowCount += segment.deleted.count
            for memtable in view.memtables {
                figures.deadRowCount += memtable.markCount(segment.id)
            }
        }
        figures.sealedMemtableCount = view.state.sealed.count
        for memtable in [view.state.active] + view.state.sealed {
            figures.memtableByteCount += memtable.publishedByteCount
            figures.indexedMemtableRowCount += memtable.indexedRowCount
        }
        let pages = cache.counts
        figures.pageCacheByteCount = pages.byteCount
        figures.pageCacheHitCount = pages.hitCount
        figures.pageCacheMissCount = pages.missCount
        figures.residentByteCount = residentByteCount().map { Int($0) } ?? 0
        addCounters(to: &figures)
        figures.compaction = compaction.withLock { $0.running }
        return figures
    }

    private func addCounters(to figures: inout Statistics) {
        figures.batchCount = counters.batchCount.value
        figures.writtenRowCount = counters.rowCount.value
        figures.deleteCount = counters.deleteCount.value
        figures.loggedByteCount = counters.loggedByteCount.value
        figures.logSyncCount = counters.logSyncCount.value
        figures.flushCount = counters.flushCount.value
        figures.sustainableRowsPerSecond = Int(sustainableRowsPerSecond)
        figures.flushedByteCount = counters.flushedByteCount.value
        figures.mergeCount = counters.mergeCount.value
        figures.refusedMergeCount = counters.refusedMergeCount.value
        figures.compactedByteCount = counters.compactedByteCount.value
        figures.stallCount = counters.stallCount.value
        figures.stallNanoseconds = counters.stallNanoseconds.value
        figures.longestStallNanoseconds = counters.longestStallNanoseconds.value
        figures.searchCount = counters.searchCount.value
        figures.corruptionCount = counters.corruptionCount.value
    }
}
