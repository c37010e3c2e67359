import AttributeModel
import Bytes
import Partition
import Replication
import TestSupport
import Testing

/// Regions of as many processes agree on the replicas of a table, however old what they know of each other is.
@Suite struct MembershipPlanTests {
    /// Regions that tell each other of their tables now and then, and carry out their plans.
    private struct Gossip {
        let names: [RegionName]
        var tables: [RegionName: TableDefinition] = [:]
        /// By listener and teller: what was heard last.
        var heard: [RegionName: [RegionName: MembershipPlan.View]] = [:]
        var number: TableDefinition.Number = 0

        init(_ count: Int) {
            names = (0..<count).map { RegionName(stored: "region-\($0)") }
            for name in names { heard[name] = [:] }
        }

        mutating func make(in name: RegionName, peers: [Peer], status: TableStatus) {
            number += 1
            let schema = KeySchema(partitionKeys: [KeyAttribute(name: "pk", type: .string)])
            var table = TableDefinition(
                number: number, name: "T", region: name, tableID: "\(number)", createdMilliseconds: 0, status: status,
                keySchema: schema, attributeDefinitions: schema.attributes,
                billing: Billing(mode: .payPerRequest, throughput: .none), localIndexes: [], globalIndexes: [])
            table.peers = peers
            tables[name] = table
        }

        mutating func tell(_ teller: RegionName, to listener: RegionName) {
            heard[listener]?[teller] = tables[teller].map { .table($0) } ?? .absent
        }

        func plan(of name: RegionName) -> MembershipPlan {
            MembershipPlan(
                region: name, own: tables[name], others: heard[name] ?? [:],
                remote: Set(names.filter { $0 != name }))
        }

        mutating func carryOutPlan(of name: RegionName) {
            for step in plan(of: name).steps {
                switch step {
                case .createReplica(let source):
                    guard case .table(let template)? = heard[name]?[source] else { continue }
                    let others = template.peers.filter { $0.region != name && $0.status != .deleting }
                    let members = [source] + others.map(\.region)
                    make(
                        in: name,
                        peers: members.map { Peer(region: $0, status: .active, source: nil, addedMilliseconds: 0) },
                        status: .creating)
                case .addPeer(let peer): tables[name]?.peers.append(peer)
                case .activatePeer(let peer): tables[name]?.setStatus(.active, of: peer)
                case .expelPeer(let peer): tables[name]?.setStatus(.deleting, of: peer)
                case .forgetPeer(let peer): tables[name]?.peers.removeAll { $0.region == peer }
                case .beginRemoval: tables[name]?.status = .deleting
                case .adopt(let setting, let source):
                    guard case .table(let other)? = heard[name]?[source] else { continue }
                    tables[name]?.adopt(setting, of: other)
                }
            }
            // What jobs do in the end.
            switch tables[name]?.status {
            case .creating: tables[name]?.status = .active
            case .deleting where plan(of: name).isRemovalKnown: tables[name] = nil
            default: break
            }
        }

        /// What UpdateTable allows: a region that all others list as gone.
        func mayAdd(_ target: RegionName, from source: RegionName) -> Bool {
            guard let own = tables[source], own.status == .active, own.peers.allSatisfy({ $0.status == .active }),
                !own.peers.contains(where: { $0.region == target })
            else { return false }
            return heard[source]?[target] == .absent
                && (heard[source] ?? [:]).values.allSatisfy { view in
                    guard case .table(let table) = view else { return true }
                    return !table.peers.contains { $0.region == target }
                }
        }

        mutating func add(_ target: RegionName, from source: RegionName) {
            let peer = Peer(region: target, status: .creating, source: source, addedMilliseconds: 0)
            tables[source]?.peers.append(peer)
        }

        mutating func settle() {
            for _ in 0..<12 * names.count {
                for teller in names { for listener in names where listener != teller { tell(teller, to: listener) } }
                for name in names { carryOutPlan(of: name) }
            }
        }
    }

    @Test("after any sequence of additions and removals all members list each other", arguments: 1...300)
    func agreement(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var gossip = Gossip(Int.random(in: 2...4, using: &random))
        let first = gossip.names[0]
        gossip.make(in: first, peers: [], status: .active)
        for name in gossip.names { gossip.tell(first, to: name) }
        for _ in 0..<Int.random(in: 20...200, using: &random) {
            let one = gossip.names.randomElement(using: &random) ?? first
            let other = gossip.names.randomElement(using: &random) ?? first
            guard one != other else { continue }
            switch Int.random(in: 0..<20, using: &random) {
            case 0 where gossip.mayAdd(other, from: one): gossip.add(other, from: one)
            case 1 where gossip.tables[one]?.peers.contains { $0.region == other && $0.status == .active } ?? false:
                gossip.tables[one]?.setStatus(.deleting, of: other)
            case 2 where gossip.tables[one]?.status == .active && gossip.tables[one]?.isGlobal == true:
                gossip.tables[one]?.status = .deleting
            case 3..<12: gossip.tell(one, to: other)
            default: gossip.carryOutPlan(of: one)
            }
        }
        gossip.settle()
        let members = Set(gossip.tables.keys)
        for (name, table) in gossip.tables {
            #expect(table.status == .active, "seed \(seed): \(name)")
            #expect(table.peers.allSatisfy { $0.status == .active }, "seed \(seed): \(name) lists \(table.peers)")
            #expect(Set(table.peers.map(\.region)) == members.subtracting([name]), "seed \(seed): \(name)")
        }
    }

    @Test("settings of the newest version are everywhere in the end", arguments: 1...100)
    func settings(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var gossip = Gossip(3)
        for name in gossip.names {
            let peers = gossip.names.filter { $0 != name }
                .map { Peer(region: $0, status: .active, source: nil, addedMilliseconds: 0) }
            gossip.make(in: name, peers: peers, status: .active)
        }
        var last: SettingsVersion?
        for step in 0..<60 {
            let one = gossip.names.randomElement(using: &random) ?? gossip.names[0]
            let other = gossip.names.randomElement(using: &random) ?? gossip.names[0]
            switch Int.random(in: 0..<6, using: &random) {
            case 0:
                let version = SettingsVersion(milliseconds: UInt64(step), region: one)
                gossip.tables[one]?.settingsVersions = [SharedSetting.tableClass.rawValue: version]
                gossip.tables[one]?.tableClass = "class \(step)"
                last = version
            case 1...3 where one != other: gossip.tell(one, to: other)
            default: gossip.carryOutPlan(of: one)
            }
        }
        gossip.settle()
        for table in gossip.tables.values {
            #expect(table.version(of: .tableClass) == last, "seed \(seed): \(table.region)")
            #expect(table.tableClass == last.map { "class \($0.milliseconds)" }, "seed \(seed): \(table.region)")
        }
    }
}

extension TableDefinition {
    fileprivate mutating func setStatus(_ status: Peer.Status, of region: RegionName) {
        for place in peers.indices where peers[place].region == region { peers[place].status = status }
    }
}
