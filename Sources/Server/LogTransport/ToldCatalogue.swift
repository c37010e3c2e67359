import ChangeMessage
import Foundation
import Logging
import Partition
import RecordLog
import Region
import Synchronization

/// What one region has told other processes, and the producer that tells it. Lives on the thread of `CataloguePublisher`.
final class ToldCatalogue {
    /// What is to be told next.
    struct News {
        let tables: [String: PublishedTable]
        let region: PublishedRegion
        let changed: [PublishedTable]
        let gone: Set<String>
        let hasWatermarks: Bool
    }

    let region: Region
    let topic: String
    /// When to try again after a failure, in milliseconds of the machine's clock.
    var retryMilliseconds: UInt64 = 0
    var trouble: String?
    private let log: any RecordLog
    private let configuration: TransportConfiguration
    private var producer: (any LogProducer)?
    private var told: [String: PublishedTable] = [:]
    /// TableIds that were told of since the start.
    private var shown: Set<String> = []
    /// Those of which it was told since the producer was made that they are gone.
    private var toldGone: Set<String> = []
    private var isIsolated: Bool?
    private var toldMilliseconds: UInt64 = 0
    private var repeatedMilliseconds: UInt64 = 0
    private var watermarkMilliseconds: UInt64 = 0
    private let failures = Failures()

    /// Set by the producer's thread.
    private final class Failures: Sendable {
        let hasFailed = Atomic<Bool>(false)
    }

    init(_ region: Region, _ log: any RecordLog, _ configuration: TransportConfiguration) {
        self.region = region
        self.log = log
        self.configuration = configuration
        topic = configuration.names.catalogue(of: region.name)
    }

    func close() {
        producer?.close()
        producer = nil
        forgetTold()
    }

    /// Lets everything be told again.
    private func forgetTold() {
        told = [:]
        toldGone = []
    }

    /// Nil when there is nothing to tell yet, or no room for it.
    func news(
        _ captured: (tables: [String: PublishedTable], region: PublishedRegion), nowMilliseconds now: UInt64
    ) -> News? {
        if let producer, !producer.hasRoom { return nil }
        let hasFailed = failures.hasFailed.exchange(false, ordering: .acquiringAndReleasing)
        if hasFailed || now - repeatedMilliseconds >= CataloguePublisher.repeatMilliseconds {
            repeatedMilliseconds = now
            forgetTold()
        }
        let hasWatermarks = now - watermarkMilliseconds >= CataloguePublisher.watermarkMilliseconds
        var tables = captured.tables
        if !hasWatermarks {
            for (id, table) in tables { tables[id] = table.with(watermarks: told[id]?.watermarks ?? table.watermarks) }
        }
        let changed = tables.filter { told[$0.key] != $0.value }.map(\.value)
        let gone = shown.subtracting(tables.keys).subtracting(toldGone)
        let isSilentForLong = now - toldMilliseconds >= CataloguePublisher.silenceMilliseconds
        guard !changed.isEmpty || !gone.isEmpty || isSilentForLong || isIsolated != captured.region.isIsolated else {
            return nil
        }
        return News(
            tables: tables, region: captured.region, changed: changed, gone: gone, hasWatermarks: hasWatermarks)
    }

    func tell(
        _ news: News, incarnation: String, nowMilliseconds now: UInt64, _ logger: Logger
    ) throws(RecordLogError) {
        if let failure = producer?.failure { throw failure }
        if producer == nil { producer = try makeProducer(logger) }
        guard let producer else { return }
        let messages =
            news.changed.map { CatalogueMessage.table($0) } + news.gone.map { .tableGone(tableID: $0) }
            + [.region(news.region)]
        let wallMilliseconds = Int64(Date().timeIntervalSince1970 * 1000)
        let encoded = messages.map { $0.message(incarnation: incarnation, nowMilliseconds: wallMilliseconds) }
        shown.formUnion(news.changed.map(\.definition.tableID))
        guard try producer.append(encoded, to: topic) == encoded.count else {
            // The queue is full: everything again, once there is room.
            return forgetTold()
        }
        told = news.tables
        toldGone.formUnion(news.gone)
        isIsolated = news.region.isIsolated
        toldMilliseconds = now
        if news.hasWatermarks { watermarkMilliseconds = now }
    }

    private func makeProducer(_ logger: Logger) throws(RecordLogError) -> any LogProducer {
        _ = try log.ensureTopic(topic, configuration.catalogueSettings, of: region.name, logger: logger)
        return try log.makeProducer(configuration.producerSettings) { [failures] deliveries in
            let hasFailed = deliveries.contains { if case .failed = $0.outcome { true } else { false } }
            if hasFailed { failures.hasFailed.store(true, ordering: .releasing) }
        }
    }
}
