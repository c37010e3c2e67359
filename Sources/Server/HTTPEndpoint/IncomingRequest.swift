import NIOCore
import NIOHTTP1

/// A request whose body is still arriving.
struct IncomingRequest {
    let head: HTTPRequestHead
    let bodyBytesMax: Int
    private(set) var body = ByteBuffer()
    private let announcedBodyBytes: Int
    private var isBodyOwned = false

    init(head: HTTPRequestHead, announcedBodyBytes: Int, bodyBytesMax: Int) {
        self.head = head
        self.bodyBytesMax = bodyBytesMax
        self.announcedBodyBytes = announcedBodyBytes
    }

    /// Appends a part. A body that comes in one part stays where it was received.
    mutating func add(_ part: ByteBuffer) {
        guard body.readableBytes > 0 else {
            body = part
            return
        }
        if !isBodyOwned {
            isBodyOwned = true
            let capacity = max(min(announcedBodyBytes, Self.reservedBytes), 2 * body.readableBytes)
            var owned = ByteBufferAllocator().buffer(capacity: capacity)
            owned.writeImmutableBuffer(body)
            body = owned
        }
        body.writeImmutableBuffer(part)
    }

    /// Memory that an announcement alone may claim; more comes as the body does.
    private static let reservedBytes = 1024 * 1024
}
