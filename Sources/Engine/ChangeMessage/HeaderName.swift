import RecordLog

/// The headers of change and state messages. Texts in UTF-8, but for `item`.
enum HeaderName: String, CaseIterable {
    // CloudEvents 1.0, Kafka binding.
    case specVersion = "ce_specversion"
    case id = "ce_id"
    case source = "ce_source"
    case type = "ce_type"
    /// When this region committed the change: RFC 3339 with milliseconds, by the region's clock.
    case time = "ce_time"
    /// The table.
    case subject = "ce_subject"
    case contentType = "content-type"

    // Extensions.
    /// The region in which the write was made.
    case originRegion = "ce_originregion"
    /// When it was made: the version's milliseconds as RFC 3339.
    case originTime = "ce_origintime"
    /// `true` when another region made it.
    case replicated = "ce_replicated"
    /// `user`, `ttl` or `restore`.
    case cause = "ce_cause"
    /// Of the item after the change, complete: `<milliseconds>.<counter>@<region>`.
    case version = "ce_version"
    /// Of what the write replaced where it was made, in the same form; absent when there was nothing.
    case baseVersion = "ce_baseversion"
    case transactionID = "ce_txnid"
    case transactionIndex = "ce_txnindex"
    case transactionSize = "ce_txnsize"
    /// Where the transaction's records lie, if in several tables: `<table>:<first sequence number>:<count>`, separated by commas.
    case transactionShares = "ce_txnshares"
    /// The place in the region's log of the table, as stream readers see it: 21 digits.
    case sequenceNumber = "ce_sequencenumber"
    /// The API's TableId: another one means that the table was made anew.
    case tableGeneration = "ce_tablegen"
    /// In state messages: `snapshot` while the topic is filled with what was there before, `log` for the changes behind that.
    case stateSource = "ce_statesource"
    /// The new item in its stored form (`Item`), with formats that do not give it back exactly. No CloudEvents attribute: it is binary.
    case item = "tributary_item"
    /// The item before the change, likewise; in change messages.
    case oldItem = "tributary_olditem"
    /// The DynamoDB stream that the record is in; absent when it is in none, because the table's stream was off.
    case streamARN = "ce_streamarn"
    /// Which images that stream shows: `KEYS_ONLY`, `NEW_IMAGE`, `OLD_IMAGE` or `NEW_AND_OLD_IMAGES`. The message has both.
    case streamViewType = "ce_streamviewtype"

    /// Its place among all cases.
    var place: Int {
        switch self {
        case .specVersion: 0
        case .id: 1
        case .source: 2
        case .type: 3
        case .time: 4
        case .subject: 5
        case .contentType: 6
        case .originRegion: 7
        case .originTime: 8
        case .replicated: 9
        case .cause: 10
        case .version: 11
        case .baseVersion: 12
        case .transactionID: 13
        case .transactionIndex: 14
        case .transactionSize: 15
        case .transactionShares: 16
        case .sequenceNumber: 17
        case .tableGeneration: 18
        case .stateSource: 19
        case .item: 20
        case .oldItem: 21
        case .streamARN: 22
        case .streamViewType: 23
        }
    }
}

extension LogHeaders {
    mutating func append(_ name: HeaderName, _ text: String) { append(name.rawValue, text) }

    @inline(__always)
    mutating func append(_ name: HeaderName, _ write: (inout [UInt8]) -> Void) { append(name.rawValue, write) }
}
