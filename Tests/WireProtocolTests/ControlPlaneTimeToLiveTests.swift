import Bytes
import JSONBytes
import Partition
import Testing
import WireProtocol

private func change(_ isEnabled: Bool, _ attribute: String = "ttl") -> String {
    #"{"TableName":"Orders","TimeToLiveSpecification":{"Enabled":\#(isEnabled),"AttributeName":"\#(attribute)"}}"#
}

private func specification(_ json: String) -> String { #"{"TableName":"Orders","TimeToLiveSpecification":\#(json)}"# }

/// A table whose setting was changed so long ago.
private func table(
    _ status: TimeToLive.Status, hoursAgo: UInt64 = 1, in region: Int = 0, peers: [Peer] = []
) -> TableDefinition {
    TableFixture.table(in: TableFixture.regions[region], peers: peers) {
        $0.timeToLive = TimeToLive(
            attributeName: "ttl", status: status,
            changedMilliseconds: TableFixture.now - hoursAgo * TableFixture.hour)
    }
}

@Suite struct ControlPlaneTimeToLiveTests {
    private static let named = #"{"TableName":"Orders"}"#
    private static let twice = "Time to live has been modified multiple times within a fixed interval"
    private static let notFound = WireError(
        .resourceNotFound, "Requested resource not found: Table: Orders not found")

    // MARK: DescribeTimeToLive

    @Test("a table without a setting is DISABLED, as is one whose setting is gone")
    func describesNothing() throws {
        for table in [TableFixture.table(), table(.disabled)] {
            #expect(
                try tableAnswer(.describeTimeToLive, Self.named, [table])
                    == #"{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}"#)
        }
    }

    @Test("a setting is described with its attribute", arguments: [TimeToLive.Status.enabling, .enabled, .disabling])
    func describes(status: TimeToLive.Status) throws {
        #expect(
            try tableAnswer(.describeTimeToLive, Self.named, [table(status)])
                == #"{"TimeToLiveDescription":{"TimeToLiveStatus":"\#(status.rawValue)","AttributeName":"ttl"}}"#)
    }

    @Test("a table that is not there yet, or no longer, cannot be described")
    func describesNoTable() {
        #expect(
            TableOperation.describeTimeToLive.refusal(Self.named, [TableFixture.table(status: .creating)])
                == .validation(
                    "Cannot describe time to live while table is in CREATING state: Current table state is CREATING"))
        #expect(TableOperation.describeTimeToLive.refusal(Self.named) == Self.notFound)
    }

    // MARK: UpdateTimeToLive

    /// The state before, what is asked for, and the status after.
    static let legalChanges: [(TableDefinition, Bool, TimeToLive.Status)] = [
        (TableFixture.table(), true, .enabling),
        (table(.disabled), true, .enabling),
        (table(.disabling), true, .enabling),
        (table(.enabled), false, .disabling),
        (table(.enabling), false, .disabling),
    ]

    @Test("the setting is made and taken back", arguments: legalChanges.indices)
    func changes(index: Int) throws {
        let (table, isEnabled, status) = Self.legalChanges[index]
        guard case .edit(let edit) = try TableOperation.updateTimeToLive.run(change(isEnabled), [table]) else {
            Issue.record("no edit")
            return
        }
        #expect(
            edit
                == .timeToLive(
                    TimeToLive(attributeName: "ttl", status: status, changedMilliseconds: TableFixture.now)))
        #expect(edit.isGroupWide)
        var changed = table
        edit.apply(to: &changed)
        #expect(changed.timeToLive?.status == status)
    }

    @Test("the answer repeats the request")
    func answers() throws {
        let context = TableFixture.context([TableFixture.table()])
        let document = try JSONDocument(parsing: Array(change(true, "caf\u{e9}").utf8))
        guard case .timeToLive(let request) = try TableOperation.updateTimeToLive.decode(document, context: context)
        else {
            Issue.record("not what was asked for")
            return
        }
        #expect(
            String(decoding: request.response.body, as: UTF8.self)
                == "{\"TimeToLiveSpecification\":{\"Enabled\":true,\"AttributeName\":\"caf\u{e9}\"}}")
    }

    @Test("the attribute may be a key, of whatever type")
    func keyAttribute() {
        #expect(TableOperation.updateTimeToLive.refusal(change(true, "p"), [TableFixture.table()]) == nil)
    }

    static let contradictions: [(TableDefinition, String, String)] = [
        (table(.enabled), change(true), "TimeToLive is already enabled"),
        (table(.enabling), change(true), "TimeToLive is already enabled"),
        (
            table(.enabled), change(true, "other"),
            "TimeToLive is active on a different AttributeName: current AttributeName is ttl"
        ),
        (
            table(.enabled), change(false, "other"),
            "TimeToLive is active on a different AttributeName: current AttributeName is ttl"
        ),
        (TableFixture.table(), change(false), "TimeToLive is already disabled"),
        (table(.disabled), change(false), "TimeToLive is already disabled"),
        (table(.disabling), change(false), "TimeToLive is already disabled"),
        // What contradicts itself does so also within the hour.
        (table(.enabled, hoursAgo: 0), change(true), "TimeToLive is already enabled"),
        (table(.enabled, hoursAgo: 0), change(false), twice),
        (table(.disabled, hoursAgo: 0), change(true), twice),
        (table(.disabled, hoursAgo: 0), change(true, "other"), twice),
    ]

    @Test(
        "a change that contradicts the setting, or follows another one at once, is refused",
        arguments: contradictions.indices)
    func contradicts(index: Int) {
        let (table, request, text) = Self.contradictions[index]
        #expect(TableOperation.updateTimeToLive.refusal(request, [table]) == .validation(text))
    }

    @Test("an hour must pass between two changes, whichever clock was ahead")
    func interval() {
        let interval = UpdateTimeToLiveRequest.changeIntervalMilliseconds
        let table = table(.enabled, hoursAgo: 0)
        for (now, isRefused) in [
            (TableFixture.now + interval - 1, true), (TableFixture.now + interval, false),
            (TableFixture.now - interval + 1, true), (TableFixture.now - interval, false),
        ] {
            let refusal = TableOperation.updateTimeToLive.refusal(change(false), [table], now: now)
            #expect(refusal == (isRefused ? .validation(Self.twice) : nil), "at \(now)")
        }
    }

    static let faults: [RefusedTableRequest] = [
        RefusedTableRequest(
            "no table", specification("{}").replacing(#""TableName":"Orders","#, with: ""),
            "The parameter 'TableName' is required but was not present in the request"),
        RefusedTableRequest(
            "no specification", #"{"TableName":"Orders"}"#,
            oneViolation
                + "Value null at 'timeToLiveSpecification' failed to satisfy constraint: Member must not be null"
        ),
        RefusedTableRequest(
            "nothing in it", specification("{}"),
            "2 validation errors detected: Value null at 'timeToLiveSpecification.attributeName' failed to satisfy "
                + "constraint: Member must not be null; Value null at 'timeToLiveSpecification.enabled' failed to satisfy "
                + "constraint: Member must not be null"),
        RefusedTableRequest(
            "empty name", change(true, ""),
            oneViolation + "Value '' at 'timeToLiveSpecification.attributeName' failed to satisfy constraint: "
                + "Member must have length greater than or equal to 1"),
        RefusedTableRequest(
            "name of 256", change(true, String(repeating: "a", count: 256)),
            oneViolation + "Value '\(String(repeating: "a", count: 256))' at 'timeToLiveSpecification.attributeName' "
                + "failed to satisfy constraint: Member must have length less than or equal to 255"),
        RefusedTableRequest(
            "a word for a truth", specification(#"{"Enabled":"perhaps","AttributeName":"ttl"}"#), .serialization,
            "Unexpected token received from parser"),
        RefusedTableRequest(
            "a number for a name", specification(#"{"Enabled":true,"AttributeName":1}"#), .serialization,
            "NUMBER_VALUE cannot be converted to String"),
    ]

    @Test("requests with faults", arguments: faults)
    func faulty(request: RefusedTableRequest) {
        #expect(
            TableOperation.updateTimeToLive.refusal(request.request, [TableFixture.table()]) == request.error)
    }

    @Test("tables that are missing or busy keep their setting")
    func busyTables() {
        #expect(TableOperation.updateTimeToLive.refusal(change(true)) == Self.notFound)
        let inUse = "Attempt to change a resource which is still in use: "
        for (status, word) in [(TableStatus.creating, "created"), (.updating, "updated"), (.deleting, "deleted")] {
            #expect(
                TableOperation.updateTimeToLive.refusal(change(true), [TableFixture.table(status: status)])
                    == WireError(.resourceInUse, inUse + "Table is being \(word): Orders"))
        }
    }

    @Test("a replica that is being added or removed must be done first, and one being filled is not there yet")
    func busyReplicas() {
        let groupInUse = WireError(.resourceInUse, "The resource which you are attempting to change is in use.")
        for status in [Peer.Status.creating, .deleting] {
            let table = TableFixture.table(peers: [TableFixture.peer(TableFixture.west, status)])
            #expect(TableOperation.updateTimeToLive.refusal(change(true), [table]) == groupInUse)
        }
        let filling = TableFixture.table(status: .creating, peers: [TableFixture.peer(TableFixture.west)])
        #expect(TableOperation.updateTimeToLive.refusal(change(true), [filling]) == Self.notFound)
        let global = TableFixture.table(peers: [TableFixture.peer(TableFixture.west)])
        #expect(TableOperation.updateTimeToLive.refusal(change(true), [global]) == nil)
    }
}
