import ArgumentParser
import Foundation
import FoundationNetworking

/// Talks to the pages below `/_tributary/` of a running server. Failures end the command with one sentence.
struct AdminClient {
    static let timeoutSeconds = 10.0

    /// As in `http://localhost:8000`.
    let endpoint: String

    func get<Answer: Decodable>(_ path: String, as type: Answer.Type) async throws -> (answer: Answer, body: Data) {
        try await send("GET", path, body: nil, as: type)
    }

    func put<Answer: Decodable>(
        _ path: String, _ body: some Encodable, as type: Answer.Type
    ) async throws -> (answer: Answer, body: Data) {
        try await send("PUT", path, body: try JSONEncoder().encode(body), as: type)
    }

    private func send<Answer: Decodable>(
        _ method: String, _ path: String, body: Data?, as type: Answer.Type
    ) async throws -> (answer: Answer, body: Data) {
        guard let url = URL(string: endpoint + path), url.scheme == "http" || url.scheme == "https", url.host != nil
        else { throw ValidationError("--endpoint \(endpoint) is not an address such as http://localhost:8000") }
        var request = URLRequest(url: url, timeoutInterval: Self.timeoutSeconds)
        request.httpMethod = method
        request.httpBody = body
        let (data, response) = try await answer(to: request)
        guard (response as? HTTPURLResponse)?.statusCode == 200 else {
            let refusal = try? JSONDecoder().decode(Refusal.self, from: data)
            throw CommandFailure(refusal?.message ?? "\(endpoint) answers, but not like a tributary server")
        }
        guard let answer = try? JSONDecoder().decode(type, from: data) else {
            throw CommandFailure("\(endpoint) answers, but not like a tributary server of this version")
        }
        return (answer, data)
    }

    private func answer(to request: URLRequest) async throws -> (Data, URLResponse) {
        do {
            return try await URLSession.shared.data(for: request)
        } catch {
            throw CommandFailure(
                "no server answers at \(endpoint) (\(error.localizedDescription)); start one with: tributary serve")
        }
    }

    /// What the pages say when they do not do what they are asked for.
    private struct Refusal: Decodable {
        let message: String
    }
}
