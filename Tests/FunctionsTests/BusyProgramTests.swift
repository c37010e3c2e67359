import Foundation
import Glibc
import Testing

@testable import Functions

/// A program that somebody has open for writing when it is to be started, as happens by chance when processes are started side by side.
@Suite struct BusyProgramTests {
    @Test func aProgramThatIsBusyForAMomentStartsAllTheSame() async throws {
        try await withFunction(["bootstrap": Bash.echo]) { function in
            let writer = open(function.directory + "/bootstrap", O_WRONLY)
            #expect(writer >= 0)
            async let answer = function.invoke("1")
            // No time is right or wrong here: when it is over before the start, the test shows less, and is as true.
            try await Task.sleep(for: .milliseconds(60))
            close(writer)
            #expect(await answer == .success("1"))
        }
    }
}
