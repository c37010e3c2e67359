/// What an answer of the function means for a lane (reference `event-source-mapping.md` 3).
extension Lane {
    /// Settles the invocation in flight; the step, if there is one, gives its records up.
    mutating func complete(
        _ id: InvocationID, _ outcome: InvocationOutcome, _ context: LaneContext
    ) -> LaneStep? {
        inFlight = nil
        lastResult = .succeeded
        if outcome == .notStarted {
            lastResult = .functionCallFailed
            startFailures += 1
            backOff(.notStarted, failures: startFailures, context)
            return nil
        }
        startFailures = 0
        if isFinalInFlight {
            completeFinal(outcome, context)
            return nil
        }
        let top = stretches.count - 1
        stretches[top].invokeCount += 1
        stretches[top].lastInvocation = id
        if let failure = stateFailure(outcome) { return fail(failure, context) }
        switch outcome {
        case .success(let state):
            if window != nil { keepWindowState(state ?? []) }
            finishStretch(nowMilliseconds: context.nowMilliseconds)
            return nil
        case .partialFailure(let lowest, let state):
            return completePart(lowest, state, context)
        case .failure(let failure):
            return fail(failure, context)
        case .notStarted:
            return nil
        }
    }

    /// Records before `lowest` are finished. The rest is a new batch: its retries count from none.
    private mutating func completePart(
        _ lowest: UInt64, _ state: [UInt8]?, _ context: LaneContext
    ) -> LaneStep? {
        let count = stretches[stretches.count - 1].count
        var done = queue.countBefore(lowest, limit: count)
        guard done < count, queue[done].sequence == lowest else { return fail(.responseInvalid, context) }
        while !queue.isBoundary(done) { done -= 1 }
        guard done > 0 else { return fail(.itemsReported, context) }
        if window != nil { keepWindowState(state ?? []) }
        finishRecords(done, nowMilliseconds: context.nowMilliseconds)
        functionErrors = 1
        backOff(.functionError, failures: functionErrors, context)
        return nil
    }

    /// The final invocation of a window is repeated until it succeeds. Its response need not carry state, which ends
    /// with it.
    private mutating func completeFinal(_ outcome: InvocationOutcome, _ context: LaneContext) {
        isFinalInFlight = false
        batchingSinceMilliseconds = context.nowMilliseconds
        if case .success = outcome {
            closeWindow()
            functionErrors = 0
            wakeMilliseconds = 0
        } else {
            lastResult = .functionCallFailed
            window?.finalInvokeCount += 1
            functionErrors += 1
            backOff(.functionError, failures: functionErrors, context)
        }
    }

    /// The front stretch failed as a whole: it is halved, given up, or sent again later.
    private mutating func fail(_ failure: InvocationFailure, _ context: LaneContext) -> LaneStep? {
        let top = stretches.count - 1
        lastResult = .functionCallFailed
        stretches[top].failure = failure
        functionErrors += 1
        backOff(.functionError, failures: functionErrors, context)
        // The function itself cut the batch where it reports an item: at its start, nothing is left to halve.
        if context.settings.bisectsBatchOnError, failure != .itemsReported, let half = half(of: stretches[top].count) {
            let count = stretches.removeLast().count
            stretches.append(Stretch(count: count - half))
            stretches.append(Stretch(count: half))
            return nil
        }
        guard let retriesMax = context.settings.retryAttemptsMax, stretches[top].invokeCount > retriesMax else {
            return nil
        }
        return giveUp(.retryAttemptsExhausted, context)
    }

    /// Where to halve a stretch: next to its middle; nil when its records must stay together.
    private func half(of count: Int) -> Int? {
        (0...(count / 2)).lazy.map { count / 2 - $0 }.first { $0 > 0 && queue.isBoundary($0) }
            ?? (count / 2..<count).first { $0 > 0 && queue.isBoundary($0) }
    }

    /// A mapping with windows must return a state that the next request has room for.
    private func stateFailure(_ outcome: InvocationOutcome) -> InvocationFailure? {
        guard window != nil else { return nil }
        switch outcome {
        case .success(let state), .partialFailure(_, let state):
            guard let state else { return .windowStateMissing }
            return state.count > EventSourceEngine.recordsBytesMax ? .responseTooLarge : nil
        case .failure, .notStarted:
            return nil
        }
    }

    private mutating func backOff(_ backoff: RetryBackoff, failures: Int, _ context: LaneContext) {
        wakeMilliseconds = context.nowMilliseconds + backoff.delayMilliseconds(failures: failures)
    }
}
