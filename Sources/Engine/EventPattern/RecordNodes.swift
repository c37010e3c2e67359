import Bytes

/// Where the members of stream records lie in a set's `StepTable`, found once for each set. `none` for those that no pattern names.
struct RecordNodes: Sendable {
    let eventID: Int32
    let eventName: Int32
    let eventVersion: Int32
    let eventSource: Int32
    let awsRegion: Int32
    let eventSourceARN: Int32
    let creationTime: Int32
    let keys: Int32
    let newImage: Int32
    let oldImage: Int32
    let sequenceNumber: Int32
    let sizeBytes: Int32
    let viewType: Int32
    let identityType: Int32
    let principalID: Int32
    let originRegion: Int32
    let replicated: Int32
    let cause: Int32
    let transactionID: Int32

    /// Whether patterns name who made a write, where and why.
    let hasOrigin: Bool
    /// Whether patterns name other members of the event's head than `eventName` and `StreamViewType`.
    let hasRareHead: Bool

    init(_ steps: StepTable) {
        func node(_ names: StaticString...) -> Int32 {
            var node = StepTable.root
            for name in names where node != StepTable.none {
                node = steps.child(
                    of: node, UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
            }
            return node
        }
        eventID = node("eventID")
        eventName = node("eventName")
        eventVersion = node("eventVersion")
        eventSource = node("eventSource")
        awsRegion = node("awsRegion")
        eventSourceARN = node("eventSourceARN")
        creationTime = node("dynamodb", "ApproximateCreationDateTime")
        keys = node("dynamodb", "Keys")
        newImage = node("dynamodb", "NewImage")
        oldImage = node("dynamodb", "OldImage")
        sequenceNumber = node("dynamodb", "SequenceNumber")
        sizeBytes = node("dynamodb", "SizeBytes")
        viewType = node("dynamodb", "StreamViewType")
        identityType = node("userIdentity", "type")
        principalID = node("userIdentity", "principalId")
        originRegion = node("tributary", "originRegion")
        replicated = node("tributary", "replicated")
        cause = node("tributary", "cause")
        transactionID = node("tributary", "transactionId")
        hasOrigin = [originRegion, replicated, cause, transactionID, identityType, principalID].contains {
            $0 != StepTable.none
        }
        hasRareHead = [
            eventID, eventVersion, eventSource, awsRegion, eventSourceARN, creationTime, sequenceNumber,
        ].contains { $0 != StepTable.none }
    }
}
