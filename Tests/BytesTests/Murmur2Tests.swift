import Bytes
import Testing

struct Murmur2Tests {
    @Test(
        "the vectors of Kafka's own UtilsTest",
        arguments: [
            ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
        ])
    func kafkaVectors(text: String, hash: Int32) {
        #expect(Int32(bitPattern: Murmur2.hash(Array(text.utf8))) == hash)
    }

    @Test
    func hashesAnyPartOfABuffer() {
        let bytes = Array("xfoobar".utf8)
        let hash = bytes.withUnsafeBytes { Murmur2.hash(UnsafeRawBufferPointer(rebasing: $0[1...])) }
        #expect(Int32(bitPattern: hash) == -790_332_482)
    }
}
