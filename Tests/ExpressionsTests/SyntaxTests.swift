import AttributeModel
import Bytes
import Expressions
import Testing

private let conditionsCases: [(String, String, String)] = [
    ("INVALID SYNTAX HERE", "SYNTAX", "INVALID SYNTAX HERE"),
    ("!!!", "!", "!!"),
    ("attribute_not_exists(", "<EOF>", "("),
    ("attribute_exists()", ")", "()"),
    ("a", "<EOF>", "a"),
    ("a = ", "<EOF>", "= "),
    ("a != :n", "!", "a !="),
    ("a = :n b", "b", ":n b"),
    ("a = :n)", ")", ":n)"),
    ("(a = :n", "<EOF>", ":n"),
    ("a > 4", "4", "> 4"),
    ("a = \"text\"", "\"", "= \"text"),
    ("a = :n AND NOT b", "<EOF>", "b"),
    ("NOT a AND b = :n", "AND", "a AND b"),
    ("(a) AND b = :n", "AND", ") AND b"),
    ("(a = :n AND b)", ")", "b)"),
    ("(NOT a)", ")", "a)"),
    ("(a = :n) = :n", "=", ") = :n"),
    ("(a)", "<EOF>", ")"),
    ("a = (b = :n)", "=", "b = :n"),
    ("a AND", "AND", "a AND"),
    ("AND a = :n", "AND", "AND a"),
    ("a = :n OR OR b = :n", "OR", "OR OR b"),
    ("a BETWEEN :n", "<EOF>", ":n"),
    ("a BETWEEN :n OR :n2", "OR", ":n OR :n2"),
    ("a IN ()", ")", "()"),
    ("a IN :n", ":n", "IN :n"),
    ("a IN (:n,)", ")", ",)"),
    ("contains(a,)", ")", ",)"),
    ("contains(a b)", "b", "a b)"),
    ("a[-1] = :n", "-", "[-1"),
    ("a[] = :n", "]", "[] ="),
    ("a[:n] = :n", ":n", "[:n]"),
    ("a[#a] = :n", "#a", "[#a]"),
    ("a[b] = :n", "b", "[b]"),
    ("a[1 = :n", "=", "1 = :n"),
    ("[1] = :n", "[", "[1"),
    ("a..b = :n", ".", "..b"),
    ("a.1 = :n", "1", ".1 ="),
    ("a. = :n", "=", ". = :n"),
    ("_a = :n", "_", "_a"),
    ("1a = :n", "1", "1a"),
    ("a-b = :n", "-", "a-b"),
    ("a$b = :n", "$", "a$b"),
    ("a = #", "#", "= #"),
    ("a = :", ":", "= :"),
    ("a = :hi!there", "!", ":hi!there"),
    ("(size(a))[0] > b", "[", ")[0"),
    ("size(a)[0] > b", "[", ")[0"),
    (":n.x = a", ".", ":n.x"),
    ("a = b + :n", "+", "b + :n"),
    ("a é = :n", "é", "a é ="),
    ("   ", "<EOF>", ""),
    ("in = :n", "in", "in ="),
    ("a = between", "between", "= between"),
]

private let updatesCases: [(String, String, String)] = [
    ("INVALID SYNTAX HERE", "INVALID", "INVALID SYNTAX"),
    ("SET _123 = :n", "_", "SET _123"),
    ("whatever", "whatever", "whatever"),
    ("set a", "<EOF>", "a"),
    ("SET", "<EOF>", "SET"),
    ("SET a = :n,", "<EOF>", ","),
    ("SET a = :n, SET b = :n", "SET", ", SET b"),
    ("add a", "<EOF>", "a"),
    ("delete a", "<EOF>", "a"),
    ("set a=set", "set", "=set"),
    ("remove a = b", "=", "a = b"),
    ("add a = b", "=", "a = b"),
    ("delete a = b", "=", "a = b"),
    ("delete a b", "b", "a b"),
    ("delete a if_not_exists(b)", "if_not_exists", "a if_not_exists("),
    ("remove a b", "b", "a b"),
    ("set a b", "b", "a b"),
    ("set :a = b", ":a", "set :a ="),
    ("add :a b", ":a", "add :a b"),
    ("remove :a", ":a", "remove :a"),
    ("set a = b / c", "/", "b / c"),
    ("set a = b * c", "*", "b * c"),
    ("set a[1] = \"eight\"", "\"", "= \"eight"),
    ("set a[1] = 1", "1", "= 1"),
    ("SET a = if_not_exists(a, 100)", "100", ", 100)"),
    ("SET if_not_exists(a, b) = a", "(", "if_not_exists(a"),
    ("set (a = (b + c))", "(", "set (a"),
    ("set a = (b.c).d + e", ".", ").d"),
    ("set a = (b.c)[0] + e", "[", ")[0"),
    ("set a = b + c + d", "+", "c + d"),
    ("set a = (b + c) + d", "+", ") + d"),
    ("set a = if_not_exists(c, :n + :n2)", "+", ":n + :n2"),
    ("set a = list_append(:l)(:l)", "(", ")(:l"),
    ("SET remove = :n", "remove", "SET remove ="),
    ("SET a = #", "#", "= #"),
    ("SET a = _f(b)", "_", "= _f"),
    ("SET a[:n] = :n", ":n", "[:n]"),
    ("SET a[#a] = :n", "#a", "[#a]"),
    ("SET a = non@sense", "@", "non@sense"),
]

private let projectionsCases: [(String, String, String)] = [
    ("a,", "<EOF>", ","),
    (",a", ",", ",a"),
    ("a,,b", ",", ",,b"),
    ("a b", "b", "a b"),
    ("a = b", "=", "a = b"),
    (":n", ":n", ":n"),
    ("(a)", "(", "(a"),
    ("l[a]", "a", "[a]"),
    ("l[-1]", "-", "[-1"),
    ("size(a)", "(", "size(a"),
]

@Suite("Syntax errors")
struct SyntaxTests {
    @Test("conditions name the token and its neighbours", arguments: conditionsCases)
    func conditions(text: String, token: String, near: String) {
        let detail = "Syntax error; token: \"\(token)\", near: \"\(near)\""
        #expect(conditionRefusal(text) == "Invalid ConditionExpression: \(detail)")
        #expect(conditionRefusal(text, .filter) == "Invalid FilterExpression: \(detail)")
        #expect(refusal { _ = try keyCondition(text) } == "Invalid KeyConditionExpression: \(detail)")
    }

    @Test("updates name the token and its neighbours", arguments: updatesCases)
    func updates(text: String, token: String, near: String) {
        #expect(
            updateRefusal(text) == "Invalid UpdateExpression: Syntax error; token: \"\(token)\", near: \"\(near)\"")
    }

    @Test("projections name the token and its neighbours", arguments: projectionsCases)
    func projections(text: String, token: String, near: String) {
        let message = "Invalid ProjectionExpression: Syntax error; token: \"\(token)\", near: \"\(near)\""
        #expect(projectionRefusal(text) == message)
    }

    @Test("a syntax error hides all other faults")
    func hidesOthers() {
        #expect(
            conditionRefusal("((abort = :undefined)) AND f(#undefined) AND")
                == "Invalid ConditionExpression: Syntax error; token: \"<EOF>\", near: \"AND\"")
        #expect(
            updateRefusal("SET abort = f(:undefined) SET a = 1")
                == "Invalid UpdateExpression: Syntax error; token: \"1\", near: \"= 1\"")
    }

    @Test("an expression may not be empty")
    func empty() {
        let detail = "The expression can not be empty;"
        #expect(conditionRefusal("") == "Invalid ConditionExpression: \(detail)")
        #expect(conditionRefusal("", .filter) == "Invalid FilterExpression: \(detail)")
        #expect(updateRefusal("") == "Invalid UpdateExpression: \(detail)")
        #expect(projectionRefusal("") == "Invalid ProjectionExpression: \(detail)")
        #expect(refusal { _ = try keyCondition("") } == "Invalid KeyConditionExpression: \(detail)")
    }

    @Test("blanks are space, tab, CR and LF, and may be left out")
    func blanks() {
        #expect(conditionRefusal("\t a\r\n=\n:n  \t") == nil)
        #expect(conditionRefusal("a=:n and(b=:n)or not(a=:n)") == nil)
        #expect(conditionRefusal("attribute_exists (a)") == nil)
        #expect(conditionRefusal("a [ 1 ] . b = :n") == nil)
        #expect(conditionRefusal("a\u{A0}= :n") != nil)
        #expect(updateRefusal("  set   a=:n  ") == nil)
        #expect(projectionRefusal(" a  ,   b  ") == nil)
    }

    @Test("keywords are read in any case, functions only in lower case")
    func letterCase() {
        #expect(conditionRefusal("a BeTwEeN :n aNd :n2 AnD nOt b iN (:n) oR a = :n") == nil)
        #expect(updateRefusal("sEt a = :n rEmOvE b AdD c :n dElEtE d :ss") == nil)
        #expect(
            conditionRefusal("BEGINS_WITH(a, :s)")
                == "Invalid ConditionExpression: Invalid function name; function: BEGINS_WITH")
        #expect(
            updateRefusal("SET a = LIST_APPEND(:l, :l)")
                == "Invalid UpdateExpression: Invalid function name; function: LIST_APPEND")
    }
}
