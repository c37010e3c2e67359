import Foundation
import Synchronization
import Testing

@testable import Region

/// The parts that hand work from thread to thread.
@Suite struct ThreadPartsTests {
    @Test(
        "a mailbox hands over everything, in each sender's order, and never leaves the consumer asleep",
        arguments: [1, 3, 64])
    func mailbox(limit: Int) {
        let senders = 4
        let count = 20_000
        let mailbox = Mailbox<(sender: Int, number: Int)>()
        for sender in 0..<senders {
            startThread(named: "sender") {
                for number in 0..<count { _ = mailbox.append((sender, number)) }
            }
        }
        var next = [Int](repeating: 0, count: senders)
        var taken: [(sender: Int, number: Int)] = []
        while next.reduce(0, +) < senders * count, mailbox.take(into: &taken, limit: limit) {
            #expect(!taken.isEmpty && taken.count <= limit)
            for (sender, number) in taken {
                #expect(number == next[sender])
                next[sender] += 1
            }
        }
        #expect(next == [Int](repeating: count, count: senders))
    }

    @Test("a closed mailbox gives what is in it, and takes nothing more")
    func closedMailbox() {
        let mailbox = Mailbox<Int>()
        for number in 0..<5 { _ = mailbox.append(number) }
        mailbox.close()
        let isTaken = mailbox.append(5)
        #expect(!isTaken)
        var taken: [Int] = []
        #expect(mailbox.take(into: &taken, limit: 3))
        #expect(taken == [0, 1, 2])
        #expect(mailbox.take(into: &taken, limit: 3))
        #expect(taken == [3, 4])
        #expect(!mailbox.take(into: &taken, limit: 3))
        #expect(taken.isEmpty)
    }

    @Test("closing wakes a consumer that waits")
    func closeWakes() {
        for _ in 0..<200 {
            let mailbox = Mailbox<Int>()
            let done = Signal()
            startThread(named: "consumer") {
                var taken: [Int] = []
                while mailbox.take(into: &taken, limit: 8) {}
                done.signal()
            }
            mailbox.close()
            done.wait()
        }
    }

    @Test("no signal is lost between a waiter's look and its sleep")
    func signals() {
        let rounds = 50_000
        let ping = Signal()
        let pong = Signal()
        let turn = Mutex(0)
        startThread(named: "pong") {
            for round in 1...rounds {
                while turn.withLock({ $0 }) < 2 * round - 1 { ping.wait(milliseconds: 60_000) }
                turn.withLock { $0 += 1 }
                pong.signal()
            }
        }
        var longest = Duration.zero
        for round in 1...rounds {
            let start = ContinuousClock.now
            turn.withLock { $0 += 1 }
            ping.signal()
            // Signals that nobody waits for any more count as one.
            ping.signal()
            while turn.withLock({ $0 }) < 2 * round { pong.wait(milliseconds: 60_000) }
            longest = max(longest, ContinuousClock.now - start)
        }
        #expect(longest < .seconds(60), "a lost signal costs a minute")
    }

    @Test("a wait without a signal ends after its time")
    func timeout() {
        let signal = Signal()
        let start = ContinuousClock.now
        signal.wait(milliseconds: 30)
        #expect(ContinuousClock.now - start >= .milliseconds(29))
        signal.signal()
        signal.wait()
    }
}
