import Bytes
public import KeyValueStore

/// Table definitions that were read or written before, by their stored form. Reading a region is mostly the decoding of definitions: who reads
/// the same region again and again, as a simulation does, decodes none that it has seen.
public final class DefinitionMemory {
    private var definitions: [Text: TableDefinition] = [:]

    public init() {}

    subscript(_ stored: [UInt8]) -> TableDefinition? {
        get { definitions[Text(utf8: stored)] }
        set { definitions[Text(utf8: stored)] = newValue }
    }

    /// Takes note of what a batch stores.
    ///
    /// - Parameter engine: which made the batch, and has made no other since.
    public func note(_ batch: WriteBatch, of engine: RegionEngine) {
        var written: [[UInt8]: [UInt8]] = [:]
        let prefix = StorageKeys.tables.lower.first
        for case .put(let key, let value, .metadata) in batch.operations where key.first == prefix {
            written[key] = value
        }
        guard !written.isEmpty else { return }
        for partition in engine.tables.values {
            let definition = partition.definition
            if let stored = written[StorageKeys.table(definition.number)] { self[stored] = definition }
        }
    }
}
