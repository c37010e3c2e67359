import Glibc
import Subprocess
import Synchronization
import SystemPackage

/// Ends the processes of all functions when this process dies without having done so itself: by SIGKILL, or by a crash.
///
/// A shell waits for the end of a pipe whose other end nobody else holds, so that the system closes it with this process, however that ends.
/// Then it kills every process whose log stream's name bears this process's mark; those that it has started inherit the name. Asking the
/// system for a signal at the parent's end (PR_SET_PDEATHSIG) will not do: it counts the thread that started the process as the parent, and
/// that thread may end at any time; nor would it reach what the functions themselves start.
enum ProcessGuardian {
    /// 16 hexadecimal digits, in the name of every log stream of this process and of no other.
    static let mark = randomDigits()

    /// Looks once, and again for what was started meanwhile. `environ` of other users' processes cannot be read, and none of them is ours.
    private static let script = """
        cat >/dev/null
        for round in 1 2 3; do
          for process in /proc/[0-9]*; do
            if tr '\\0' '\\n' <"$process/environ" 2>/dev/null \
              | grep -q '^AWS_LAMBDA_LOG_STREAM_NAME=.*]\(mark)'; then
              kill -9 "${process#/proc/}" 2>/dev/null
            fi
          done
        done
        """

    private static let hasStarted = Atomic(false)

    /// Starts the guardian unless it runs already. Without one, functions run all the same.
    static func start() {
        guard !hasStarted.exchange(true, ordering: .relaxed), let pipe = try? Pipe() else { return }
        // The shell must wait for its input.
        _ = fcntl(pipe.readEnd, F_SETFL, 0)
        Task.detached {
            var options = PlatformOptions()
            // Ctrl-C in the terminal of this process is not for the guardian.
            options.createSession = true
            // The pipe's other end stays open as long as this process lives.
            _ = try? await Subprocess.run(
                .path("/bin/sh"), arguments: ["-c", script], environment: .custom(["PATH": "/usr/bin:/bin"]),
                platformOptions: options,
                input: .fileDescriptor(FileDescriptor(rawValue: pipe.readEnd), closeAfterSpawningProcess: true),
                output: .discarded, error: .discarded)
        }
    }
}
