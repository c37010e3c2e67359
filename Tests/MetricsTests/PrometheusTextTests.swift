import Metrics
import Testing

/// The text format of Prometheus.
struct PrometheusTextTests {
    private static func text(_ write: (inout PrometheusText) -> Void) -> String {
        var text = PrometheusText()
        write(&text)
        return String(decoding: text.bytes, as: UTF8.self)
    }

    @Test func familiesBeginWithTheirHelpAndKind() {
        let text = Self.text { text in
            text.begin("a_total", .counter, "How many.")
            text.sample(["x": "1", "y": "2"], 3.0)
            text.sample([:], UInt64(4))
        }
        #expect(
            text == """
                # HELP a_total How many.
                # TYPE a_total counter
                a_total{x="1",y="2"} 3
                a_total 4

                """)
    }

    @Test(arguments: [
        (0.0, "0"), (1.5, "1.5"), (-2, "-2"), (1e18, "1000000000000000000"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
        (.nan, "NaN"), (0.0001, "0.0001"),
    ])
    func numbers(value: Double, expected: String) {
        #expect(Self.text { $0.sample([:], value) } == " \(expected)\n")
    }

    @Test func labelsAndHelpAreEscaped() {
        let text = Self.text { text in
            text.begin("a", .gauge, "One \"line\"\\\n.")
            text.sample(["x": "a\"b\\c\nd"], 1.0)
        }
        #expect(text == "# HELP a One \"line\"\\\\\\n.\n# TYPE a gauge\na{x=\"a\\\"b\\\\c\\nd\"} 1\n")
    }

    @Test func histogramsAddUpTheirBuckets() {
        let text = Self.text { text in
            text.begin("d_seconds", .histogram, "d")
            text.histogram(["op": "x"], bounds: [0.5, 1], counts: [1, 2, 3], sum: 9)
        }
        #expect(
            text == """
                # HELP d_seconds d
                # TYPE d_seconds histogram
                d_seconds_bucket{op="x",le="0.5"} 1
                d_seconds_bucket{op="x",le="1"} 3
                d_seconds_bucket{op="x",le="+Inf"} 6
                d_seconds_sum{op="x"} 9
                d_seconds_count{op="x"} 6

                """)
    }

    @Test func summariesHaveSumAndCount() {
        let text = Self.text { text in
            text.begin("l", .summary, "l")
            text.summary([:], count: 2, sum: 0.5)
        }
        #expect(text.hasSuffix("l_sum 0.5\nl_count 2\n"))
    }
}
