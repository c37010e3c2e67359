import AttributeModel
import Bytes
import Partition
import Replication
import Synchronization

@testable import Region

/// A client that writes and deletes as fast as it is answered, on its own thread, until it is stopped.
final class Writer: Sendable {
    private let isStopping = StopFlag()
    private let thread = OwnedThread()
    private let written = Atomic<Int>(0)

    /// - Parameters:
    ///   - keys: how many keys it writes.
    ///   - name: what the keys begin with; else the region's name, so that no two writers meet.
    ///   - attributes: what the items hold besides, by the number of the write.
    init(
        in region: Region, keys: Int, named name: String? = nil,
        attributes: @escaping @Sendable (Int) -> [(String, String)] = { _ in [] }
    ) {
        thread.start(named: "test writer") { [isStopping, self] in
            var count = 0
            while !isStopping.isSet {
                count += 1
                let key = "\(name ?? region.name.name)-\(count * 7919 % keys)"
                do {
                    if count % 5 == 0 {
                        try region.delete(key)
                    } else {
                        let others = attributes(count).map { (Text($0.0), AttributeValue.string(Text($0.1))) }
                        try region.put(item(key, [("n", number(count))] + others))
                    }
                    written.add(1, ordering: .relaxed)
                } catch {
                    break
                }
            }
        }
    }

    /// Writes that were acknowledged.
    var count: Int { written.load(ordering: .relaxed) }

    func stop() {
        isStopping.set()
        thread.wait()
    }
}
