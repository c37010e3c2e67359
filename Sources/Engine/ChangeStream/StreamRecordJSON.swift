public import AttributeModel
import Bytes
public import JSONBytes
public import Replication

/// Writes change records as DynamoDB Streams delivers them (reference `streams.md` 4 and 6).
public struct StreamRecordJSON: Sendable {
    /// Whose member names: `GetRecords` spells `userIdentity` members with capitals, Lambda events do not.
    public enum Form: Sendable {
        case streamsAPI
        case lambdaEvent(streamARN: String)
    }

    private let region: RegionName
    private let viewType: StreamViewType
    private let form: Form
    private let keyNames: [Text]
    private let eventIDSeed: UInt64
    /// What is the same in all records of a kind: between the event's id and the time, and behind the sequence number and the size.
    private let beginnings: [[UInt8]]
    private let ending: [UInt8]

    /// - Parameter tableID: the API's TableId; it makes event ids differ between tables.
    public init(region: RegionName, tableID: String, keySchema: KeySchema, viewType: StreamViewType, form: Form) {
        self.region = region
        self.viewType = viewType
        self.form = form
        keyNames = keySchema.attributes.map(\.name)
        beginnings = ChangeRecord.Kind.allCases.map { Self.beginning(of: $0, in: region) }
        ending = Array(#","StreamViewType":"\#(viewType.rawValue)"}"#.utf8)
        eventIDSeed = Array((region.name + "/" + tableID).utf8).reduce(0xCBF2_9CE4_8422_2325) { hash, byte in
            (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
    }

    public func append(_ record: ChangeRecord, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("eventID")
        writer.plainString { appendEventID(of: record.sequence, to: &$0) }
        writer.fragment(beginnings[record.kind.place], endsWithKey: true)
        appendChange(record, to: &writer)
        if record.cause == .ttl, record.version.region == region { appendUserIdentity(to: &writer) }
        if case .lambdaEvent(let streamARN) = form {
            writer.key("eventSourceARN")
            writer.string(streamARN)
        }
        writer.endObject()
    }

    private func appendChange(_ record: ChangeRecord, to writer: inout JSONWriter) {
        let image = record.newImage ?? record.oldImage ?? .empty
        let newImage = viewType.showsNewImage ? record.newImage : nil
        let oldImage = viewType.showsOldImage ? record.oldImage : nil
        let seconds = record.commitMilliseconds / 1000
        writer.plainNumber { bytes in
            bytes.appendDecimal(seconds)
            guard case .lambdaEvent = form else { return }
            bytes.append(UInt8(ascii: "."))
            bytes.append(UInt8(ascii: "0"))
        }
        writer.key("Keys")
        image.appendJSON(of: keyNames, to: &writer)
        if let newImage {
            writer.key("NewImage")
            newImage.appendJSON(to: &writer)
        }
        if let oldImage {
            writer.key("OldImage")
            oldImage.appendJSON(to: &writer)
        }
        writer.key("SequenceNumber")
        writer.plainString { SequenceNumber.append(record.sequence, to: &$0) }
        writer.key("SizeBytes")
        let size = image.size(of: keyNames) + (newImage?.size ?? 0) + (oldImage?.size ?? 0)
        writer.plainNumber { $0.appendDecimal(UInt64(size)) }
        writer.fragment(ending, endsWithKey: false)
    }

    private static func beginning(of kind: ChangeRecord.Kind, in region: RegionName) -> [UInt8] {
        let members = [
            #","eventName":"\#(kind.eventName)","eventVersion":"1.1","eventSource":"aws:dynamodb","#,
            #""awsRegion":"\#(region.name)","dynamodb":{"ApproximateCreationDateTime":"#,
        ]
        return Array(members.joined().utf8)
    }

    private func appendUserIdentity(to writer: inout JSONWriter) {
        writer.key("userIdentity")
        writer.beginObject()
        switch form {
        case .streamsAPI:
            writer.key("PrincipalId")
            writer.string("dynamodb.amazonaws.com")
            writer.key("Type")
        case .lambdaEvent:
            writer.key("principalId")
            writer.string("dynamodb.amazonaws.com")
            writer.key("type")
        }
        writer.string("Service")
        writer.endObject()
    }

    /// 32 hexadecimal digits, the same at every reading, unique among the records of all tables and regions.
    private func appendEventID(of sequence: UInt64, to bytes: inout [UInt8]) {
        appendHexadecimal(mix(eventIDSeed ^ mix(sequence)), to: &bytes)
        appendHexadecimal(mix(eventIDSeed &+ sequence), to: &bytes)
    }

    private func appendHexadecimal(_ value: UInt64, to bytes: inout [UInt8]) {
        bytes.append(addingCapacity: 16) { span in
            for shift in stride(from: 60, through: 0, by: -4) {
                let digit = UInt8(truncatingIfNeeded: value >> shift) & 0xF
                span.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
    }

    /// A bijection that spreads neighbouring numbers (the finalizer of SplitMix64).
    private func mix(_ value: UInt64) -> UInt64 {
        var mixed = value &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
