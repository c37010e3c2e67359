import Functions
import Logging
import Replication
import Synchronization

/// Posts failed batches to addresses: each address is served like a function that runs elsewhere.
final class FailurePosts: Sendable {
    /// Addresses that are remembered; beyond it one is forgotten.
    private static let addressesMax = 100

    private let region: RegionName
    private let settings: Functions.FunctionSettings
    private let logger: Logger
    private let pools = Mutex<[String: FunctionPool]>([:])

    init(region: RegionName, settings: Functions.FunctionSettings, logger: Logger) {
        self.region = region
        self.settings = settings
        self.logger = logger
    }

    /// - Parameter completion: gets why the address did not take the body, or nil.
    func post(_ body: [UInt8], to url: String, completion: @escaping @Sendable (String?) -> Void) {
        let pool = pools.withLock { pools in
            if let pool = pools[url] { return pool }
            if pools.count >= Self.addressesMax, let any = pools.keys.first { pools[any] = nil }
            let definition = FunctionDefinition(name: "on-failure", region: region, target: .url(url))
            let pool = FunctionPool(definition, settings: settings, log: .logger(logger), logger: logger)
            pools[url] = pool
            return pool
        }
        pool.invoke(Functions.Invocation(requestID: RandomUUID.make(), payload: body)) { result in
            switch result {
            case .success: completion(nil)
            case .functionError(_, let payload, _): completion(String(decoding: payload, as: UTF8.self))
            case .notStarted(let reason): completion("\(reason)")
            }
        }
    }
}
