import Logging
import Synchronization

/// The processes of one function: started when there is work, used again while they are warm, stopped when there is none.
final class ProcessPool: FunctionExecutor {
    private enum Phase: Equatable {
        case starting
        case idle(sinceMilliseconds: UInt64)
        case busy
        /// Has answered and not yet asked for more.
        case returning(sinceMilliseconds: UInt64)
        case ending
    }

    private struct Member {
        let environment: RuntimeEnvironment
        /// Processes of an older definition are not used again.
        let generation: Int
        let target: FunctionTarget
        var phase = Phase.starting
    }

    private struct State {
        var definition: FunctionDefinition
        var generation = 0
        var members: [ObjectIdentifier: Member] = [:]
        /// Those that wait for work; the one that has worked last is used first, so that the others get old.
        var idle: [ObjectIdentifier] = []
        var waiting: WaitingInvocations
        var pause: StartPause
        var reportedFailure: String?
        var isStopping = false
        var stopped: [CheckedContinuation<Void, Never>] = []
    }

    /// What is to be done after the lock is given back.
    private enum Action {
        case invoke(RuntimeEnvironment, WaitingInvocations.Waiting)
        case start(RuntimeEnvironment)
        case stop(RuntimeEnvironment)
        case complete(WaitingInvocations.Waiting, InvocationResult)
        case resume(CheckedContinuation<Void, Never>)
        case release(FunctionTarget)
        case startLater(milliseconds: Int)
        case expireWaiting(milliseconds: Int)
        case expireIdle(milliseconds: Int)
    }

    private let settings: FunctionSettings
    private let surroundings: FunctionSurroundings
    private let startDeadline: Deadline
    private let waitingDeadline: Deadline
    private let idleDeadline: Deadline
    private let state: Mutex<State>

    init(_ definition: FunctionDefinition, settings: FunctionSettings, surroundings: FunctionSurroundings) {
        self.settings = settings
        self.surroundings = surroundings
        startDeadline = Deadline(clock: surroundings.clock)
        waitingDeadline = Deadline(clock: surroundings.clock)
        idleDeadline = Deadline(clock: surroundings.clock)
        state = Mutex(
            State(
                definition: definition, waiting: WaitingInvocations(settings.limits),
                pause: StartPause(settings.limits)))
    }

    private var limits: FunctionLimits { settings.limits }
    private var now: UInt64 { surroundings.clock.uptimeMilliseconds() }

    // MARK: Calls

    func invoke(_ invocation: Invocation, completion: @escaping @Sendable (InvocationResult) -> Void) {
        let waiting = WaitingInvocations.Waiting(
            invocation: invocation, completion: completion,
            untilMilliseconds: now + UInt64(limits.queueWaitMilliseconds))
        change { state, actions in
            if state.isStopping {
                actions.append(.complete(waiting, .notStarted(.stopping)))
            } else if state.definition.concurrencyMax <= 0 || !state.waiting.append(waiting) {
                actions.append(.complete(waiting, .notStarted(.throttled)))
            }
        }
    }

    func update(_ definition: FunctionDefinition) {
        change { state, actions in
            let old = state.definition.target
            state.definition = definition
            state.generation += 1
            state.pause.succeeded()
            for id in state.idle { stop(id, &state, &actions) }
            state.idle.removeAll()
            if old != definition.target, !isUsed(old, state) { actions.append(.release(old)) }
        }
    }

    func retire() async {
        startDeadline.cancel()
        waitingDeadline.cancel()
        idleDeadline.cancel()
        await withCheckedContinuation { continuation in
            change { state, actions in
                state.isStopping = true
                for waiting in state.waiting.takeAll() {
                    actions.append(.complete(waiting, .notStarted(.stopping)))
                }
                for id in Array(state.members.keys) { stop(id, &state, &actions) }
                state.idle.removeAll()
                state.stopped.append(continuation)
            }
        }
    }

    /// How many processes there are.
    var processCount: Int { state.withLock { $0.members.count } }

    // MARK: Events

    private func took(_ event: RuntimeEnvironment.Event, of environment: RuntimeEnvironment) {
        let id = ObjectIdentifier(environment)
        switch event {
        case .ready:
            change { state, actions in
                guard let member = state.members[id], member.phase != .ending else { return }
                state.pause.succeeded()
                state.reportedFailure = nil
                if member.generation != state.generation {
                    stop(id, &state, &actions)
                } else {
                    state.members[id]?.phase = .idle(sinceMilliseconds: now)
                    state.idle.append(id)
                }
            }
        case .answered:
            state.withLock { state in
                guard state.members[id]?.phase == .busy else { return }
                state.members[id]?.phase = .returning(sinceMilliseconds: now)
            }
        case .ended(let failure):
            change { state, actions in
                guard let member = state.members.removeValue(forKey: id) else { return }
                state.idle.removeAll { $0 == id }
                if let failure, failure != .stopped, !state.isStopping, member.generation == state.generation {
                    startFailed(failure, &state, &actions)
                }
                if member.target != state.definition.target, !isUsed(member.target, state) {
                    actions.append(.release(member.target))
                }
            }
        }
    }

    /// Each failed start fails the invocation that has waited longest: the one that it was for.
    private func startFailed(_ failure: InitFailure, _ state: inout State, _ actions: inout [Action]) {
        state.pause.failed(at: now)
        if state.reportedFailure != failure.text {
            state.reportedFailure = failure.text
            surroundings.logger.warning(
                "a function cannot be started",
                metadata: ["handler": "\(state.definition.name)", "reason": "\(failure.text)"])
        }
        if let waiting = state.waiting.takeFirst() {
            actions.append(.complete(waiting, failure.result(requestID: waiting.invocation.requestID)))
        }
    }

    // MARK: Decisions

    private func change(_ body: (inout State, inout [Action]) -> Void) {
        let actions = state.withLock { state in
            var actions: [Action] = []
            body(&state, &actions)
            assign(&state, &actions)
            return actions
        }
        for action in actions { perform(action) }
    }

    /// Gives waiting invocations to idle processes, and starts processes for the others.
    private func assign(_ state: inout State, _ actions: inout [Action]) {
        if state.isStopping {
            if state.members.isEmpty {
                actions += state.stopped.map { .resume($0) }
                state.stopped.removeAll()
            }
            return
        }
        while !state.idle.isEmpty, let waiting = state.waiting.takeFirst() {
            let id = state.idle.removeLast()
            guard let environment = state.members[id]?.environment else { continue }
            state.members[id]?.phase = .busy
            actions.append(.invoke(environment, waiting))
        }
        startProcesses(&state, &actions)
        if let until = state.waiting.firstUntilMilliseconds, !waitingDeadline.isSet {
            actions.append(.expireWaiting(milliseconds: until > now ? Int(until - now) : 0))
        }
        if let since = oldestIdle(state), !idleDeadline.isSet {
            let age = now - since
            actions.append(.expireIdle(milliseconds: max(0, limits.idleMilliseconds - Int(age))))
        }
    }

    private func startProcesses(_ state: inout State, _ actions: inout [Action]) {
        if state.waiting.isEmpty { return }
        let current = state.members.values.filter { $0.generation == state.generation }
        let starting = current.count { $0.phase == .starting }
        let returning = current.count { isReturning($0) }
        if returning > 0 { actions.append(.startLater(milliseconds: limits.returnMilliseconds)) }
        var wanted = min(
            state.waiting.count - starting - returning, state.definition.concurrencyMax - state.members.count)
        // One tries, for all, whether it can be started again.
        if state.pause.failures > 0 { wanted = min(wanted, 1 - starting) }
        guard wanted > 0 else { return }
        let pause = state.pause.remainingMilliseconds(at: now)
        if pause > 0 { return actions.append(.startLater(milliseconds: pause)) }
        for _ in 0..<wanted {
            do throws(ProcessFailure) {
                let environment = try makeEnvironment(state.definition)
                state.members[ObjectIdentifier(environment)] = Member(
                    environment: environment, generation: state.generation, target: state.definition.target)
                actions.append(.start(environment))
            } catch {
                return startFailed(.executableMissing(error.text), &state, &actions)
            }
        }
    }

    private func makeEnvironment(_ definition: FunctionDefinition) throws(ProcessFailure) -> RuntimeEnvironment {
        let output = try ProcessOutput(function: definition.name, log: surroundings.log, limits: limits)
        let context = FunctionContext(
            region: definition.region, accountID: settings.accountID, clock: surroundings.clock, output: output,
            logger: surroundings.logger)
        return RuntimeEnvironment(definition, settings: settings, context: context) { [weak self] environment, event in
            self?.took(event, of: environment)
        }
    }

    private func stop(_ id: ObjectIdentifier, _ state: inout State, _ actions: inout [Action]) {
        guard let member = state.members[id], member.phase != .ending else { return }
        state.members[id]?.phase = .ending
        actions.append(.stop(member.environment))
    }

    private func isUsed(_ target: FunctionTarget, _ state: State) -> Bool {
        state.members.values.contains { $0.target == target }
    }

    private func isReturning(_ member: Member) -> Bool {
        guard case .returning(let since) = member.phase else { return false }
        return now < since + UInt64(limits.returnMilliseconds)
    }

    private func oldestIdle(_ state: State) -> UInt64? {
        guard let id = state.idle.first, case .idle(let since)? = state.members[id]?.phase else { return nil }
        return since
    }

    // MARK: Actions

    private func perform(_ action: Action) {
        switch action {
        case .invoke(let environment, let waiting): invoke(waiting, on: environment)
        case .start(let environment): environment.start()
        case .stop(let environment): environment.stop()
        case .complete(let waiting, let result): waiting.completion(result)
        case .resume(let continuation): continuation.resume()
        case .release(let target): surroundings.release(target)
        case .startLater(let milliseconds):
            startDeadline.set(afterMilliseconds: milliseconds) { [weak self] in self?.change { _, _ in } }
        case .expireWaiting(let milliseconds):
            waitingDeadline.set(afterMilliseconds: milliseconds) { [weak self] in self?.expireWaiting() }
        case .expireIdle(let milliseconds):
            idleDeadline.set(afterMilliseconds: milliseconds) { [weak self] in self?.expireIdle() }
        }
    }

    private func invoke(_ waiting: WaitingInvocations.Waiting, on environment: RuntimeEnvironment) {
        if environment.invoke(waiting.invocation, completion: waiting.completion) { return }
        // It has ended a moment ago, and its event is on the way.
        change { state, actions in
            state.members[ObjectIdentifier(environment)]?.phase = .ending
            if state.isStopping {
                actions.append(.complete(waiting, .notStarted(.stopping)))
            } else {
                state.waiting.putBack(waiting)
            }
        }
    }

    private func expireWaiting() {
        change { state, actions in
            for waiting in state.waiting.takeExpired(at: now) {
                actions.append(.complete(waiting, .notStarted(.throttled)))
            }
        }
    }

    private func expireIdle() {
        change { state, actions in
            while let since = oldestIdle(state), now >= since + UInt64(limits.idleMilliseconds) {
                stop(state.idle.removeFirst(), &state, &actions)
            }
        }
    }
}
