import AttributeModel
import Bytes
import ChangeStream
import JSONBytes
import Partition
import Replication
import Testing

@testable import WireProtocol

@Suite struct ControlPlaneBillingTests {
    static let units = Throughput(readUnits: 5, writeUnits: 5)

    @Test("the same throughput again")
    func theSameThroughputAgain() {
        #expect(
            TableOperation.refusalOfUpdate(
                updateTable(["ProvisionedThroughput": throughputJSON(5, 5)]),
                TableFixture.table(provisioned: Self.units))
                == .validation(
                    "The provisioned throughput for the table will not change. The requested value equals the current value. "
                        + "Current ReadCapacityUnits provisioned for the table: 5. Requested ReadCapacityUnits: 5. "
                        + "Current WriteCapacityUnits provisioned for the table: 5. Requested WriteCapacityUnits: 5. "
                        + "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
                ))
    }

    @Test("throughput up and down")
    func throughputUpAndDown() throws {
        let table = TableFixture.table(provisioned: Self.units)
        var raised = Throughput(readUnits: 7, writeUnits: 5)
        raised.increasedMilliseconds = TableFixture.now
        #expect(
            try TableOperation.steps(updateTable(["ProvisionedThroughput": throughputJSON(7, 5)]), table)
                == [.edit(.billing(Billing(mode: .provisioned, throughput: raised)))])
        var changed = Throughput(readUnits: 7, writeUnits: 1)
        changed.increasedMilliseconds = TableFixture.now
        changed.decreasedMilliseconds = TableFixture.now
        changed.decreasesToday = 1
        #expect(
            try TableOperation.steps(
                updateTable(["BillingMode": "\"PROVISIONED\"", "ProvisionedThroughput": throughputJSON(7, 1)]), table)
                == [.edit(.billing(Billing(mode: .provisioned, throughput: changed)))])
    }

    private func decreased(_ count: Int, at last: UInt64) -> TableDefinition {
        var units = Self.units
        units.decreasesToday = count
        units.decreasedMilliseconds = last
        return TableFixture.table(provisioned: units)
    }

    @Test("the first four decreases of a day are free, the next ones come an hour after the last")
    func theFirstFourDecreasesOfADayAreFreeTheNextOnesComeAnHourAfterTheLast() throws {
        let down = updateTable(["ProvisionedThroughput": throughputJSON(4, 5)])
        let last = TableFixture.now - 60_000
        #expect(try TableOperation.steps(down, decreased(3, at: last)).count == 1)
        #expect(
            TableOperation.refusalOfUpdate(down, decreased(4, at: last))
                == WireError(
                    .limitExceeded,
                    "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the "
                        + "first 4 decreases, each subsequent decrease in the same UTC day can be performed at most once every "
                        + "3600 seconds. Number of decreases today: 4. "
                        + "Last decrease at Tuesday, November 14, 2023 at 10:12:20 PM Coordinated Universal Time. "
                        + "Next decrease can be made at Tuesday, November 14, 2023 at 11:12:20 PM Coordinated Universal Time"
                ))
        #expect(try TableOperation.steps(down, decreased(4, at: TableFixture.now - TableFixture.hour)).count == 1)
        #expect(TableOperation.refusalOfUpdate(down, decreased(4, at: TableFixture.now - TableFixture.hour + 1)) != nil)
        #expect(TableOperation.refusalOfUpdate(down, decreased(27, at: TableFixture.now - TableFixture.hour)) != nil)
        // Raising it is free.
        #expect(
            try TableOperation.steps(
                updateTable(["ProvisionedThroughput": throughputJSON(6, 5)]), decreased(27, at: last)
            )
            .count == 1)
    }

    @Test("a new day begins with no decreases")
    func aNewDayBeginsWithNoDecreases() throws {
        let midnight: UInt64 = 1_700_006_400_000
        let down = updateTable(["ProvisionedThroughput": throughputJSON(4, 5)])
        guard
            case .edit(.billing(let billing)) = try #require(
                try TableOperation.steps(down, decreased(27, at: midnight - 1), now: midnight).first)
        else {
            Issue.record("no change of the billing")
            return
        }
        #expect(billing.throughput.decreasesToday == 1)
    }

    @Test(
        "times in the words of limit texts",
        arguments: [
            (UInt64(0), "Thursday, January 1, 1970 at 12:00:00 AM Coordinated Universal Time"),
            (1_676_283_939_000, "Monday, February 13, 2023 at 10:25:39 AM Coordinated Universal Time"),
            (1_532_551_694_000, "Wednesday, July 25, 2018 at 8:48:14 PM Coordinated Universal Time"),
            (1_709_208_000_000, "Thursday, February 29, 2024 at 12:00:00 PM Coordinated Universal Time"),
        ])
    func timesInTheWordsOfLimitTexts(_ milliseconds: UInt64, _ text: String) {
        #expect(LongDate.text(milliseconds: milliseconds) == text)
    }

    @Test("from provisioned to pay-per-request and back")
    func fromProvisionedToPayPerRequestAndBack() throws {
        let index = TableFixture.globalIndex(throughput: Self.units)
        let table = TableFixture.table(globalIndexes: [index], provisioned: Self.units)
        #expect(
            try TableOperation.steps(updateTable(["BillingMode": "\"PAY_PER_REQUEST\""]), table) == [
                .edit(
                    .billing(
                        Billing(mode: .payPerRequest, throughput: .none, payPerRequestMilliseconds: TableFixture.now))),
                .edit(.indexThroughput("global", .none)),
            ])
        let onDemand = TableFixture.table(globalIndexes: [TableFixture.globalIndex()])
        var indexUnits = Throughput(readUnits: 3, writeUnits: 4)
        indexUnits.increasedMilliseconds = TableFixture.now
        #expect(
            try TableOperation.steps(
                indexUpdates(
                    updateIndex("global", throughputJSON(3, 4)),
                    with: ["BillingMode": "\"PROVISIONED\"", "ProvisionedThroughput": throughputJSON(1, 2)]), onDemand)
                == [
                    .edit(
                        .billing(
                            Billing(
                                mode: .provisioned, throughput: Throughput(readUnits: 1, writeUnits: 2),
                                payPerRequestMilliseconds: onDemand.billing.payPerRequestMilliseconds))),
                    .edit(.indexThroughput("global", indexUnits)),
                ])
    }

    @Test("pay-per-request again changes nothing")
    func payPerRequestAgainChangesNothing() throws {
        #expect(try TableOperation.steps(updateTable(["BillingMode": "\"PAY_PER_REQUEST\""])) == [])
    }

    static let billing: [(String, WireError)] = [
        (updateTable(["ProvisionedThroughput": throughputJSON(1, 1)]), .throughputOfPayPerRequest),
        (
            updateTable(["BillingMode": "\"PAY_PER_REQUEST\"", "ProvisionedThroughput": throughputJSON(1, 1)]),
            .throughputOfPayPerRequest
        ),
        (
            updateTable(["BillingMode": "\"PROVISIONED\""]),
            .invalidParameter("ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
        ),
        (
            updateTable(["BillingMode": "\"PROVISIONED\"", "ProvisionedThroughput": throughputJSON(1, 1)]),
            .invalidParameter("ProvisionedThroughput must be specified for index: one,two")
        ),
        (
            updateTable(["BillingMode": "\"PROVISIONED\"", "OnDemandThroughput": #"{"MaxWriteRequestUnits":5}"#]),
            .invalidParameter(
                "MaxWriteRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED"
            )
        ),
    ]

    @Test("throughput of a pay-per-request table", arguments: billing)
    func throughputOfAPayPerRequestTable(_ request: String, _ error: WireError) {
        let indexes = [TableFixture.globalIndex("one"), TableFixture.globalIndex("two", ordinal: 2)]
        #expect(TableOperation.refusalOfUpdate(request, TableFixture.table(globalIndexes: indexes)) == error)
    }
}
