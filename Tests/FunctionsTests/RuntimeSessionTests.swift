import Testing

@testable import Functions

@Suite struct RuntimeSessionTests {
    enum Call {
        case next, begin(String), respond(String), fail(String), failInit
    }

    @Test(
        "what a process may do, and how AWS calls what it may not",
        arguments: [
            ([.next], nil),
            ([.respond("a")], .transition(from: .started, to: .response)),
            ([.fail("a")], .transition(from: .started, to: .errorResponse)),
            ([.failInit], nil),
            ([.failInit, .failInit], .transition(from: .initError, to: .initError)),
            ([.failInit, .next], .transition(from: .initError, to: .ready)),
            ([.failInit, .respond("a")], .transition(from: .initError, to: .response)),
            ([.next, .next], nil),
            ([.next, .respond("a")], .transition(from: .started, to: .response)),
            ([.next, .failInit], .transition(from: .started, to: .initError)),
            ([.next, .begin("a"), .next], nil),
            ([.next, .begin("a"), .respond("b")], .requestID),
            ([.next, .begin("a"), .fail("b")], .requestID),
            ([.next, .begin("a"), .failInit], .transition(from: .ready, to: .initError)),
            ([.next, .begin("a"), .respond("a")], nil),
            ([.next, .begin("a"), .fail("a")], nil),
            ([.next, .begin("a"), .respond("a"), .respond("a")], .transition(from: .responseSent, to: .response)),
            ([.next, .begin("a"), .fail("a"), .fail("a")], .transition(from: .responseSent, to: .errorResponse)),
            ([.next, .begin("a"), .respond("a"), .failInit], .transition(from: .responseSent, to: .initError)),
            ([.next, .begin("a"), .respond("a"), .next], nil),
            (
                [.next, .begin("a"), .respond("a"), .next, .respond("a")],
                .transition(from: .responseSent, to: .response)
            ),
            ([.next, .begin("a"), .respond("a"), .next, .begin("b"), .respond("a")], .requestID),
        ] as [([Call], RuntimeSession.Refusal?)])
    func conversation(calls: [Call], refusal: RuntimeSession.Refusal?) {
        var session = RuntimeSession()
        var refused: RuntimeSession.Refusal?
        for (index, call) in calls.enumerated() {
            do throws(RuntimeSession.Refusal) {
                switch call {
                case .next: _ = try session.next()
                case .begin(let id): session.begin(requestID: id)
                case .respond(let id): try session.respond(requestID: id, isError: false)
                case .fail(let id): try session.respond(requestID: id, isError: true)
                case .failInit: try session.failInit()
                }
            } catch {
                #expect(index == calls.count - 1)
                refused = error
            }
        }
        #expect(refused == refusal)
    }

    @Test func whatNextMeans() throws {
        var session = RuntimeSession()
        #expect(try session.next() == .initialised)
        #expect(try session.next() == .replaced)
        session.begin(requestID: "a")
        #expect(try session.next() == .again)
        #expect(!session.isWaiting)
        try session.respond(requestID: "a", isError: false)
        #expect(try session.next() == .idle)
        #expect(session.isWaiting)
    }
}
