import Bytes

/// Where the code of a function comes from. Besides AWS's way there are two forms without a package, in members that the AWS CLI and the
/// SDKs can send:
///
/// * `ZipFile`: a package with an executable `bootstrap` (`provided.*`) or Python modules (`python3.x`).
/// * `S3Bucket: "hot-reload"`, `S3Key: "/absolute/directory"`: the unpacked package lies in that directory and is read from there when a
///   process starts. Runtime and handler as for a package.
/// * `S3Bucket: "command"`, `S3Key: "program argument 'another argument'"`: a program of this machine that speaks the Lambda Runtime API.
///   The line is split into words as by a shell (single quotes, double quotes, backslash) and nothing else in it has a meaning.
///   Runtime and handler need not be given.
public enum FunctionCodeSource: Sendable, Equatable {
    /// A zip archive, not looked into.
    case zip([UInt8])
    /// An absolute path.
    case directory(String)
    /// The program and its arguments.
    case command([String])

    public static let directoryBucket = "hot-reload"
    public static let commandBucket = "command"
    /// The largest zip archive that can be sent, in bytes.
    public static let zipBytesMax = 50 << 20
    static let keyLengthMax = 1024

    /// Nil when the request names no code.
    /// - Parameters:
    ///   - members: an object with `ZipFile`, `S3Bucket`, `S3Key`, `ImageUri`.
    ///   - operation: named in messages.
    init?(_ members: LambdaMembers, _ operation: LambdaOperation) throws(LambdaError) {
        if members.firstFilled(["ImageUri"]) != nil {
            throw .invalidParameter("ImageUri is not supported: \(LambdaError.imagesText)")
        }
        let bucket = try members.string("S3Bucket")
        let key = try members.string("S3Key")
        if let characters = try members.base64Characters("ZipFile") {
            guard bucket == nil, key == nil else {
                throw .invalidParameter(
                    "Please do not provide other FunctionCode parameters when providing a ZipFile.")
            }
            self = .zip(try Self.decoded(characters, operation))
            return
        }
        guard bucket != nil || key != nil else { return nil }
        var constraints = Constraints()
        constraints.require(bucket != nil, at: members.path("S3Bucket"))
        constraints.checkLength(bucket, at: members.path("S3Bucket"), 3...63)
        constraints.require(key != nil, at: members.path("S3Key"))
        constraints.checkLength(key, at: members.path("S3Key"), 1...Self.keyLengthMax)
        try constraints.throwLambdaErrorIfViolated()
        self = try Self.local(bucket: bucket ?? "", key: key ?? "")
    }

    /// Whether the code is a package, so that a runtime must be named that starts it.
    var needsRuntime: Bool {
        if case .command = self { false } else { true }
    }

    private static func decoded(
        _ characters: [UInt8], _ operation: LambdaOperation
    ) throws(LambdaError) -> [UInt8] {
        let charactersMax = (zipBytesMax + 2) / 3 * 4
        guard characters.count <= charactersMax else {
            throw LambdaError(
                .requestEntityTooLarge,
                "Request must be smaller than \((zipBytesMax * 4 + 2) / 3) bytes for the \(operation.rawValue) operation"
            )
        }
        let zip: [UInt8]
        do throws(Base64Error) {
            zip = try Base64.decode(characters)
        } catch {
            throw LambdaError(.serialization, "ZipFile is not base64: \(error)")
        }
        if zip.isEmpty { throw .emptyZip }
        return zip
    }

    private static func local(bucket: String, key: String) throws(LambdaError) -> FunctionCodeSource {
        switch bucket {
        case directoryBucket:
            guard key.hasPrefix("/"), !key.utf8.contains(0) else {
                throw .invalidParameter("The S3Key of the S3Bucket 'hot-reload' must be an absolute directory: \(key)")
            }
            return .directory(key)
        case commandBucket:
            return .command(try CommandLineWords.split(key))
        default:
            throw .invalidParameter(
                "There is no S3 here: the S3Bucket must be 'hot-reload' (S3Key: a directory) or 'command' (S3Key: a "
                    + "command line), but is '\(bucket)'.")
        }
    }
}

extension LambdaError {
    public static let emptyZip = invalidParameter("Uploaded file must be a non-empty zip")
    public static let notAZip = invalidParameter(
        "Could not unzip uploaded file. Please check your file, then try to upload again.")
}

/// A command line as a list of words, by the quoting rules of a shell and none of its other rules.
enum CommandLineWords {
    /// How many words a command line may have.
    static let countMax = 256

    static func split(_ line: String) throws(LambdaError) -> [String] {
        var reader = Reader()
        for character in line.unicodeScalars { reader.read(character) }
        guard let words = reader.finish(), !words.isEmpty, words[0] != "" else {
            throw .invalidParameter(
                "The S3Key of the S3Bucket 'command' is no command line: it must have a program, and every quote must "
                    + "be closed.")
        }
        guard words.count <= countMax, !line.utf8.contains(0) else {
            throw .invalidParameter("The command line has more than \(countMax) words or a NUL character.")
        }
        return words
    }

    private struct Reader {
        private var words: [String] = []
        /// The word being read; nil between words.
        private var word: String.UnicodeScalarView?
        /// The quote that is open.
        private var quote: Unicode.Scalar?
        private var isEscaped = false

        mutating func read(_ character: Unicode.Scalar) {
            if isEscaped {
                // Inside double quotes a backslash stands for itself, except in front of these.
                if quote != nil, character != "\"", character != "\\" { append("\\") }
                append(character)
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
                word = word ?? String.UnicodeScalarView()
            } else if let open = quote {
                if character == open { quote = nil } else { append(character) }
            } else if character == "'" || character == "\"" {
                quote = character
                word = word ?? String.UnicodeScalarView()
            } else if character.properties.isWhitespace {
                endWord()
            } else {
                append(character)
            }
        }

        /// Nil when a quote or an escape is open.
        mutating func finish() -> [String]? {
            endWord()
            return quote == nil && !isEscaped ? words : nil
        }

        private mutating func append(_ character: Unicode.Scalar) {
            word = word ?? String.UnicodeScalarView()
            word?.append(character)
        }

        private mutating func endWord() {
            if let word { words.append(String(word)) }
            word = nil
        }
    }
}
