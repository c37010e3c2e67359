import AttributeModel
import Bytes
import ChangeStream
import Replication

/// Notes the leaves of a record at the paths that patterns name, as they would be in its event (`RecordContext.eventJSON`).
struct RecordScanner {
    private let program: PatternProgram
    private let context: RecordContext

    init(_ program: PatternProgram, _ context: RecordContext) {
        self.program = program
        self.context = context
    }

    /// - Parameters:
    ///   - newImage: the bytes of the record's new image.
    ///   - oldImage: the bytes of the record's old image.
    func scan(
        _ record: ChangeRecord, newImage: UnsafeRawBufferPointer?, oldImage: UnsafeRawBufferPointer?,
        into leaves: inout LeafTable
    ) throws(DamagedBytes) {
        let nodes = program.recordNodes
        scanHead(record, nodes, &leaves)
        if nodes.hasOrigin { scanOrigin(record, nodes, &leaves) }
        let keyImage = newImage ?? oldImage
        let newImage = context.viewType.showsNewImage ? newImage : nil
        let oldImage = context.viewType.showsOldImage ? oldImage : nil
        let items = ItemScanner(program)
        if nodes.keys != StepTable.none, let keyImage {
            try items.scan(item: keyImage, node: nodes.keys, only: context.keyNames, into: &leaves)
        }
        if nodes.newImage != StepTable.none, let newImage {
            try items.scan(item: newImage, node: nodes.newImage, into: &leaves)
        }
        if nodes.oldImage != StepTable.none, let oldImage {
            try items.scan(item: oldImage, node: nodes.oldImage, into: &leaves)
        }
        if let path = path(nodes.sizeBytes) {
            let size = try sizeBytes(keyImage, newImage, oldImage)
            leaves.append(.number, path: path, membership: LeafTable.none, number: Double(size))
        }
    }

    /// The keys and the images that are shown.
    private func sizeBytes(
        _ keyImage: UnsafeRawBufferPointer?, _ newImage: UnsafeRawBufferPointer?, _ oldImage: UnsafeRawBufferPointer?
    ) throws(DamagedBytes) -> Int {
        guard let keyImage else { return 0 }
        let first = try CompactReader.sizes(ofItem: keyImage, keyNames: context.keyNames)
        var total = first.keys
        if let newImage { total += try size(of: newImage, keyImage, first.item) }
        if let oldImage { total += try size(of: oldImage, keyImage, first.item) }
        return total
    }

    private func size(
        of image: UnsafeRawBufferPointer, _ known: UnsafeRawBufferPointer, _ knownSize: Int
    ) throws(DamagedBytes) -> Int {
        if image.baseAddress == known.baseAddress { return knownSize }
        return try CompactReader.sizes(ofItem: image, keyNames: []).item
    }

    private func scanHead(_ record: ChangeRecord, _ nodes: RecordNodes, _ leaves: inout LeafTable) {
        constant(record.kind.staticName, nodes.eventName, &leaves)
        constant(context.viewType.staticName, nodes.viewType, &leaves)
        guard nodes.hasRareHead else { return }
        constant("1.1", nodes.eventVersion, &leaves)
        constant("aws:dynamodb", nodes.eventSource, &leaves)
        string(nodes.awsRegion, &leaves) { context.region.name.utf8 }
        string(nodes.eventID, &leaves) { context.eventID(of: record.sequence) }
        string(nodes.sequenceNumber, &leaves) { SequenceNumber.text(of: record.sequence).utf8 }
        if let arn = context.eventSourceARN { string(nodes.eventSourceARN, &leaves) { arn.utf8 } }
        if let path = path(nodes.creationTime) {
            let seconds = Double(record.commitMilliseconds / 1000)
            leaves.append(.number, path: path, membership: LeafTable.none, number: seconds)
        }
    }

    private func scanOrigin(_ record: ChangeRecord, _ nodes: RecordNodes, _ leaves: inout LeafTable) {
        let isLocal = record.version.region == context.region
        string(nodes.originRegion, &leaves) { record.version.region.name.utf8 }
        if let path = path(nodes.replicated) {
            leaves.append(isLocal ? .booleanFalse : .booleanTrue, path: path, membership: LeafTable.none)
        }
        constant(record.cause.name, nodes.cause, &leaves)
        if let transaction = record.transaction {
            string(nodes.transactionID, &leaves) { transaction.id.utf8 }
        }
        guard isLocal, record.cause == .ttl else { return }
        constant("Service", nodes.identityType, &leaves)
        constant("dynamodb.amazonaws.com", nodes.principalID, &leaves)
    }

    // MARK: leaves

    /// The path that ends at a node, if one does.
    @inline(__always)
    private func path(_ node: Int32) -> Int32? {
        guard node != StepTable.none else { return nil }
        let path = program.tables.steps.path(of: node)
        return path == StepTable.none ? nil : path
    }

    @inline(__always)
    private func constant(_ text: StaticString, _ node: Int32, _ leaves: inout LeafTable) {
        guard let path = path(node) else { return }
        leaves.append(
            .string, path: path, membership: LeafTable.none,
            text: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inline(__always)
    private func string<Text: Sequence<UInt8>>(_ node: Int32, _ leaves: inout LeafTable, _ text: () -> Text) {
        guard let path = path(node) else { return }
        leaves.append(.string, path: path, membership: LeafTable.none) { $0.append(contentsOf: text()) }
    }
}

extension ChangeRecord.Kind {
    fileprivate var staticName: StaticString {
        switch self {
        case .insert: "INSERT"
        case .modify: "MODIFY"
        case .remove: "REMOVE"
        }
    }
}

extension StreamViewType {
    fileprivate var staticName: StaticString {
        switch self {
        case .keysOnly: "KEYS_ONLY"
        case .newImage: "NEW_IMAGE"
        case .oldImage: "OLD_IMAGE"
        case .newAndOldImages: "NEW_AND_OLD_IMAGES"
        }
    }
}
