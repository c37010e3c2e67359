import Foundation
import Testing

/// The conversations in `Tests/Scripts`. With `UPDATE_SCRIPTS=1` in the environment the files get the answers of today; read the
/// differences before you keep them.
@Suite struct ScriptTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Scripts")

    private static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".txt") }.sorted()
    }()

    @Test("there are scripts to run")
    func scripts() {
        #expect(Self.names.count >= 10)
    }

    @Test("conversations go as written", arguments: names)
    func golden(_ name: String) throws {
        let url = Self.folder.appending(path: name)
        let script = ScriptText(try String(contentsOf: url, encoding: .utf8))
        var runner = ScriptRunner()
        var outputs: [[String]] = []
        for block in script.blocks {
            let output = block.commands.flatMap { runner.run($0) }
            outputs.append(output.isEmpty ? ["ok"] : output)
        }
        if ProcessInfo.processInfo.environment["UPDATE_SCRIPTS"] == "1" {
            try script.text(with: outputs).write(to: url, atomically: true, encoding: .utf8)
            return
        }
        #expect(!script.blocks.isEmpty)
        for (block, output) in zip(script.blocks, outputs) {
            #expect(output == block.output, "\(name), line \(block.line): \(block.commands.joined(separator: "; "))")
        }
    }

    @Test("a script whose answers differ is found out, and a wrong command is an answer, not a crash")
    func canFail() {
        var runner = ScriptRunner()
        #expect(runner.run("fly to the moon") == ["error: there is no command fly"])
        #expect(runner.run("region us-east-1 MARS").first?.hasPrefix("error: ") == true)
        #expect(runner.run("get us-east-1 T {}").first?.hasPrefix("error: ") == true)
        let text = ScriptText("# a remark\nregion us-east-1\n----\nok\n\nwait 1\n----\nsomething else\n")
        #expect(text.blocks.map(\.output) == [["ok"], ["something else"]])
        #expect(text.blocks.map(\.line) == [2, 6])
        #expect(text.text(with: [["ok"], ["ok"]]) == "# a remark\nregion us-east-1\n----\nok\n\nwait 1\n----\nok\n")
    }
}
