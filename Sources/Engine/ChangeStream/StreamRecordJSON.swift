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
    private let keySchema: KeySchema
    private let viewType: StreamViewType
    private let form: Form
    private let keyNames: [Text]
    private let eventIDSeed: UInt64

    /// - Parameter tableID: the API's TableId; it makes event ids differ between tables.
    public init(region: RegionName, tableID: String, keySchema: KeySchema, viewType: StreamViewType, form: Form) {
        self.region = region
        self.keySchema = keySchema
        self.viewType = viewType
        self.form = form
        keyNames = keySchema.attributes.map(\.name)
        eventIDSeed = Array((region.name + "/" + tableID).utf8).reduce(0xCBF2_9CE4_8422_2325) { hash, byte in
            (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
    }

    public func append(_ record: ChangeRecord, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("eventID")
        writer.string(eventID(of: record.sequence))
        writer.key("eventName")
        writer.string(record.kind.eventName)
        writer.key("eventVersion")
        writer.string("1.1")
        writer.key("eventSource")
        writer.string("aws:dynamodb")
        writer.key("awsRegion")
        writer.string(region.name)
        writer.key("dynamodb")
        appendChange(record, to: &writer)
        if record.cause == .ttl, record.version.region == region { appendUserIdentity(to: &writer) }
        if case .lambdaEvent(let streamARN) = form {
            writer.key("eventSourceARN")
            writer.string(streamARN)
        }
        writer.endObject()
    }

    private func appendChange(_ record: ChangeRecord, to writer: inout JSONWriter) {
        let keys = (record.newImage ?? record.oldImage ?? .empty).projecting(keyNames)
        let newImage = viewType.showsNewImage ? record.newImage : nil
        let oldImage = viewType.showsOldImage ? record.oldImage : nil
        writer.beginObject()
        writer.key("ApproximateCreationDateTime")
        let seconds = Int(record.commitMilliseconds / 1000)
        switch form {
        case .streamsAPI: writer.number(seconds)
        case .lambdaEvent: writer.raw(Array("\(seconds).0".utf8))
        }
        writer.key("Keys")
        keys.appendJSON(to: &writer)
        if let newImage {
            writer.key("NewImage")
            newImage.appendJSON(to: &writer)
        }
        if let oldImage {
            writer.key("OldImage")
            oldImage.appendJSON(to: &writer)
        }
        writer.key("SequenceNumber")
        writer.string(SequenceNumber.text(of: record.sequence))
        writer.key("SizeBytes")
        writer.number(keys.size + (newImage?.size ?? 0) + (oldImage?.size ?? 0))
        writer.key("StreamViewType")
        writer.string(viewType.rawValue)
        writer.endObject()
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
    private func eventID(of sequence: UInt64) -> String {
        let halves = [mix(eventIDSeed ^ mix(sequence)), mix(eventIDSeed &+ sequence)]
        return String(unsafeUninitializedCapacity: 32) { text in
            for place in 0..<32 {
                let digit = UInt8(truncatingIfNeeded: halves[place / 16] >> UInt64(60 - 4 * (place % 16))) & 0xF
                text[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            }
            return 32
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
