import ChangeMessage
import Replication
import Testing

@Suite struct TopicNamesTests {
    private let region = RegionName(stored: "us-east-1")

    @Test("topics are named by prefix, region and table")
    func names() throws {
        let names = try #require(TopicNames(prefix: "tributary"))
        #expect(names.topic(.changes, of: "Orders", in: region) == "tributary.us-east-1.Orders.changes")
        #expect(names.topic(.state, of: "Orders.v2_x-", in: region) == "tributary.us-east-1.Orders.v2_x-.state")
        #expect(names.control(of: region) == "tributary.us-east-1.control")
    }

    @Test("a name that Kafka would refuse ends in a hash of the table's name")
    func longNames() throws {
        let names = try #require(TopicNames(prefix: "tributary"))
        let longest = String(repeating: "a", count: 255)
        for content in TopicNames.Content.allCases {
            let first = names.topic(content, of: longest, in: region)
            let second = names.topic(content, of: longest.dropLast() + "b", in: region)
            #expect(first.utf8.count == TopicNames.lengthMax)
            #expect(first.hasSuffix(".\(content.rawValue)"))
            #expect(first != second)
            #expect(first == names.topic(content, of: longest, in: region))
        }
        // 249 less `tributary.us-east-1.` and `.changes`.
        let fits = String(repeating: "a", count: 221)
        #expect(names.topic(.changes, of: fits, in: region) == "tributary.us-east-1.\(fits).changes")
        #expect(names.topic(.changes, of: fits + "a", in: region).utf8.count == TopicNames.lengthMax)
    }

    @Test("the longest region and prefix leave room")
    func longestRegion() throws {
        let names = try #require(TopicNames(prefix: String(repeating: "p", count: TopicNames.prefixLengthMax)))
        let region = RegionName(stored: String(repeating: "r", count: RegionName.lengthMax))
        let name = names.topic(.changes, of: String(repeating: "t", count: 255), in: region)
        #expect(name.utf8.count == TopicNames.lengthMax)
    }

    @Test("prefixes that Kafka would refuse are none", arguments: ["", "a b", "ü", String(repeating: "p", count: 101)])
    func refusedPrefixes(prefix: String) {
        #expect(TopicNames(prefix: prefix) == nil)
    }
}
