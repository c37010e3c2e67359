/// Finds bytes in bytes, in time that grows with the sum of both lengths whatever they are (Knuth, Morris and Pratt): what clients compare may be
/// made to be slow.
public enum ByteSearch {
    public static func contains(_ part: UnsafeRawBufferPointer, in whole: UnsafeRawBufferPointer) -> Bool {
        guard let first = part.first else { return true }
        guard part.count <= whole.count else { return false }
        let borders = borders(of: part)
        var matched = 0
        var place = 0
        while place < whole.count {
            if matched == 0 {
                // Most of the way nothing matches.
                while place < whole.count, whole[place] != first { place += 1 }
                guard place < whole.count else { return false }
            }
            if whole[place] == part[matched] {
                matched += 1
                place += 1
                if matched == part.count { return true }
            } else {
                matched = borders[matched - 1]
            }
        }
        return false
    }

    public static func contains(_ part: [UInt8], in whole: [UInt8]) -> Bool {
        whole.withUnsafeBytes { whole in part.withUnsafeBytes { contains($0, in: whole) } }
    }

    /// For each beginning of `part`: how long the longest shorter beginning is that it ends with.
    private static func borders(of part: UnsafeRawBufferPointer) -> [Int] {
        var borders = [Int](repeating: 0, count: part.count)
        var length = 0
        for index in borders.indices.dropFirst() {
            while length > 0, part[index] != part[length] { length = borders[length - 1] }
            if part[index] == part[length] { length += 1 }
            borders[index] = length
        }
        return borders
    }
}
