/// The values of an enumerated member. `allCases` has the order in which AWS lists them when a request has another one
/// (reference `data-plane.md` 3).
protocol RequestChoice: CaseIterable, RawRepresentable<String>, Sendable {}

extension RequestBody {
    /// - Parameter path: names the member when its value is none of the choices, which is noted in `constraints`.
    func choice<Choice: RequestChoice>(
        _ name: StaticString, at path: @autoclosure () -> String, _ constraints: inout Constraints
    ) throws(WireError) -> Choice? {
        guard let text = try string(name) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        constraints.checkEnum(text, at: path(), Choice.allCases.map(\.rawValue))
        return nil
    }
}
