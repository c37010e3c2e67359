import Bytes

/// Table definitions that were read before, by their stored form. Reading a region is mostly the decoding of definitions: who reads the
/// same region again and again, as a simulation does, decodes each of them once.
public final class DefinitionMemory {
    private var definitions: [Text: TableDefinition] = [:]

    public init() {}

    subscript(_ stored: [UInt8]) -> TableDefinition? {
        get { definitions[Text(utf8: stored)] }
        set { definitions[Text(utf8: stored)] = newValue }
    }
}
