import Glibc

/// The sorted keys of one tree node, back to back in one buffer, so that a search touches one piece of memory.
///
/// Not copyable, so that a search borrows them where they lie: a copy would cost two reference counts at each node on the way.
struct PackedKeys: ~Copyable {
    private var bytes: [UInt8] = []
    /// Where each key ends in `bytes`; it begins where the one before it ends.
    private var ends: [Int] = []

    init() {}

    private init(bytes: [UInt8], ends: [Int]) {
        self.bytes = bytes
        self.ends = ends
    }

    init(copyOf other: borrowing PackedKeys) {
        bytes = other.bytes
        ends = other.ends
    }

    /// The keys of `other` from `start` on.
    private init(suffixOf other: borrowing PackedKeys, from start: Int) {
        let firstByte = other.beginning(of: start)
        bytes = Array(other.bytes[firstByte...])
        ends = other.ends[start...].map { $0 - firstByte }
    }

    var count: Int { ends.count }

    /// The index of the first key that is not below `key`, and whether it equals `key`.
    func search(_ key: UnsafeRawBufferPointer) -> (index: Int, isMatch: Bool) {
        bytes.withUnsafeBytes { bytes in
            ends.withUnsafeBufferPointer { ends in
                var low = 0
                var high = ends.count
                while low < high {
                    let middle = (low + high) / 2
                    let begin = middle == 0 ? 0 : ends[middle - 1]
                    let order = compare(UnsafeRawBufferPointer(rebasing: bytes[begin..<ends[middle]]), key)
                    if order == 0 { return (middle, true) }
                    if order < 0 { low = middle + 1 } else { high = middle }
                }
                return (low, false)
            }
        }
    }

    func withKey<Result>(at index: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[beginning(of: index)..<ends[index]])) }
    }

    mutating func insert(_ key: UnsafeRawBufferPointer, at index: Int) {
        let begin = beginning(of: index)
        bytes.insert(contentsOf: key, at: begin)
        ends.insert(begin + key.count, at: index)
        shiftEnds(from: index + 1, by: key.count)
    }

    mutating func append(_ key: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: key)
        ends.append(bytes.count)
    }

    mutating func append(contentsOf other: borrowing PackedKeys) {
        let base = bytes.count
        bytes.append(contentsOf: other.bytes)
        ends.append(contentsOf: other.ends.lazy.map { $0 + base })
    }

    mutating func removeSubrange(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        let begin = beginning(of: range.lowerBound)
        let end = ends[range.upperBound - 1]
        bytes.removeSubrange(begin..<end)
        ends.removeSubrange(range)
        shiftEnds(from: range.lowerBound, by: begin - end)
    }

    /// Removes the keys from `start` on and returns them.
    mutating func split(at start: Int) -> PackedKeys {
        let suffix = PackedKeys(suffixOf: self, from: start)
        bytes.removeSubrange(beginning(of: start)...)
        ends.removeSubrange(start...)
        return suffix
    }

    /// The first key alone.
    var first: PackedKeys {
        PackedKeys(bytes: Array(bytes[..<ends[0]]), ends: [ends[0]])
    }

    /// The keys but the first.
    func withoutFirst() -> PackedKeys {
        PackedKeys(suffixOf: self, from: 1)
    }

    private func beginning(of index: Int) -> Int {
        index == 0 ? 0 : ends[index - 1]
    }

    private mutating func shiftEnds(from start: Int, by distance: Int) {
        for index in start..<ends.count {
            ends[index] += distance
        }
    }
}

/// Below zero, zero or above zero as `left` orders before, with or after `right` by unsigned bytes.
private func compare(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
    if let leftBytes = left.baseAddress, let rightBytes = right.baseAddress {
        let order = memcmp(leftBytes, rightBytes, min(left.count, right.count))
        if order != 0 { return Int(order) }
    }
    return left.count - right.count
}
