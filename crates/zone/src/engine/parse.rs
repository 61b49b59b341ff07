//! Text to one SELECT statement, and places in the text. Anything else than one SELECT is refused here (N1).

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::logical_expr::sqlparser::ast::{Query, Select, SetExpr, Statement, TableFactor, Visit, Visitor};
use datafusion::logical_expr::sqlparser::dialect::PostgreSqlDialect;
use datafusion::logical_expr::sqlparser::parser::Parser;
use datafusion::logical_expr::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};
use model::refusal::Position;

use super::verdict::{Checked, Reason, deny};

/// Longest query text, in bytes.
const LONGEST: usize = 100_000;
/// Deepest nesting that the parser follows.
const DEEPEST: usize = 60;
/// Most tokens of a query: bounds the size of every later tree.
const MOST_TOKENS: usize = 20_000;

/// Most tables and subqueries that a query reads, each as often as it is read.
const MOST_READS: u64 = 400;
/// Most tables that one FROM joins: what planning takes grows with their cube.
const MOST_JOINED: usize = 50;
/// How many reads a joined table counts as, beside its own.
const JOINED: u64 = 3;
/// Most steps of parsing. The parser reads a bracket again when its first guess fails: what stands inside many of them is read
/// as often as all guesses together.
const MOST_STEPS: u64 = 4_000_000;

/// The words of a query with their places.
pub struct Text {
    tokens: Vec<TokenWithSpan>,
}

/// Parses one SELECT.
pub fn parse(sql: &str) -> Checked<(Statement, Text)> {
    if sql.len() > LONGEST {
        return deny(n1("查询过长", "the text is too long"));
    }
    let dialect = PostgreSqlDialect {};
    let Ok(tokens) = Tokenizer::new(&dialect, sql).tokenize_with_location() else {
        return deny(n1("查询文字无法识别", "the text cannot be read as SQL"));
    };
    if tokens.len() > MOST_TOKENS {
        return deny(n1("查询过长", "the text is too long"));
    }
    if steps(&tokens) > MOST_STEPS {
        let start = tokens.iter().find(|token| !matches!(token.token, Token::Whitespace(_))).map(place);
        let reason = n1("函数与括号嵌套过深", "functions and brackets are nested too deeply");
        return deny(reason.help("用 WITH 分步书写", "write it in steps, using WITH").place(start));
    }
    let text = Text { tokens };
    let own = |token: &&TokenWithSpan| matches!(&token.token, Token::Word(word) if word.value.starts_with("__"));
    if let Some(token) = text.tokens.iter().find(own) {
        return deny(
            n1("以 __ 开头的名字留给引擎", "names that begin with __ are the engine's own").place(Some(place(token))),
        );
    }
    let parser = Parser::new(&dialect).with_recursion_limit(DEEPEST).with_tokens_with_locations(text.tokens.clone());
    let statements = { parser }.parse_statements();
    let Ok(statements) = statements else {
        return deny(
            n1("不是可解析的 SELECT 语句", "this is not a SELECT statement that can be parsed").place(text.start()),
        );
    };
    let mut statements = statements.into_iter();
    let (Some(statement), None) = (statements.next(), statements.next()) else {
        return deny(n1("只接受一条 SELECT 语句", "exactly one SELECT statement is accepted").place(text.start()));
    };
    if !matches!(statement, Statement::Query(_)) {
        let help = ("把问题写成一条 SELECT", "write the question as one SELECT");
        return deny(
            n1("只接受 SELECT 语句", "only SELECT statements are accepted").help(help.0, help.1).place(text.start()),
        );
    }
    if statement.visit(&mut Reads::default()).is_break() {
        let reason = n1(
            "读取的表与子查询过多（WITH 按引用次数计）",
            "too many tables and subqueries are read, named ones each time they are named",
        );
        let (zh, en) = ("少连接几张表，少用重复引用的 WITH", "join fewer tables, and refer to WITH queries less often");
        return deny(reason.help(zh, en).place(text.start()));
    }
    match statement.visit(&mut Shape) {
        ControlFlow::Continue(()) => Ok((statement, text)),
        ControlFlow::Break((word, by_place)) => deny(unaccepted(word, by_place).place(text.find(word))),
    }
}

/// Why a word is not accepted. `by_place`: it takes rows by their place or at random.
fn unaccepted(word: &str, by_place: bool) -> Reason {
    let (rule, zh) =
        if by_place { ("N2", "不接受按位置或随机取行") } else { ("N1", "不接受的语句成分") };
    let reason = Reason::new(rule, format!("{zh}：{word}"), format!("{word} is not accepted"));
    match word {
        "FETCH" | "TOP" => reason.help("改用 LIMIT", "use LIMIT"),
        _ => reason,
    }
}

/// How often the words of a text may be read, all together: up to three times for each call that a word stands in, and twice for
/// every other bracket.
fn steps(tokens: &[TokenWithSpan]) -> u64 {
    let (mut weight, mut open, mut sum, mut after_word) = (1_u64, Vec::new(), 0_u64, false);
    for token in tokens {
        match &token.token {
            Token::Whitespace(_) => continue,
            Token::LParen | Token::LBracket | Token::LBrace => {
                open.push(weight);
                weight = weight.saturating_mul(if after_word { 3 } else { 2 });
            }
            Token::RParen | Token::RBracket | Token::RBrace => weight = open.pop().unwrap_or(1),
            _ => {}
        }
        after_word = matches!(token.token, Token::Word(_));
        sum = sum.saturating_add(weight);
    }
    sum
}

fn n1(zh: &str, en: &str) -> Reason {
    Reason::new("N1", zh, en)
}

/// Counts the tables and subqueries that a query reads once its named queries are written out: each name may double the one
/// before. Breaks where there are too many.
#[derive(Default)]
struct Reads {
    /// Queries that stand under a name, by where they lie.
    bodies: HashMap<*const Query, String>,
    /// What each name reads; of two queries of one name the heavier one counts.
    names: HashMap<String, u64>,
    /// What the open queries have read so far, the innermost last.
    open: Vec<u64>,
}

impl Visitor for Reads {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let named = query.with.iter().flat_map(|with| &with.cte_tables);
        let named = named.map(|cte| (std::ptr::from_ref::<Query>(&cte.query), cte.alias.name.value.to_lowercase()));
        self.bodies.extend(named);
        self.open.push(1);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let reads = self.open.pop().unwrap_or_default();
        if reads > MOST_READS {
            return ControlFlow::Break(());
        }
        match (self.bodies.remove(&std::ptr::from_ref(query)), self.open.last_mut()) {
            (Some(name), _) => {
                let known = self.names.entry(name).or_default();
                *known = reads.max(*known);
            }
            (None, Some(outer)) => *outer += reads,
            (None, None) => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let joined: usize = select.from.iter().map(|from| 1 + from.joins.len()).sum();
        if let Some(open) = self.open.last_mut().filter(|_| joined > 1) {
            *open += JOINED * joined as u64;
        }
        if joined > MOST_JOINED { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        let name = match factor {
            TableFactor::Table { name, .. } => name.to_string().trim_matches('"').to_lowercase(),
            _ => String::new(),
        };
        if let Some(open) = self.open.last_mut() {
            *open += self.names.get(&name).copied().unwrap_or(1);
        }
        ControlFlow::Continue(())
    }
}

/// Finds parts of a statement that the planner would pass over in silence or that have no meaning here.
struct Shape;

/// The word, and whether it selects rows by position or chance.
type Found = (&'static str, bool);

impl Visitor for Shape {
    type Break = Found;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Found> {
        let stop =
            |found: bool, word| if found { ControlFlow::Break((word, false)) } else { ControlFlow::Continue(()) };
        stop(!query.locks.is_empty() || query.for_clause.is_some(), "FOR")?;
        stop(query.fetch.is_some(), "FETCH")?;
        stop(query.settings.is_some(), "SETTINGS")?;
        stop(query.format_clause.is_some(), "FORMAT")?;
        stop(!query.pipe_operators.is_empty(), "|>")?;
        stop(query.with.as_ref().is_some_and(|with| with.recursive), "RECURSIVE")?;
        let odd =
            matches!(*query.body, SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_));
        stop(odd, "INSERT, UPDATE, DELETE")
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Found> {
        match factor {
            TableFactor::Table { sample: Some(_), .. } => ControlFlow::Break(("TABLESAMPLE", true)),
            TableFactor::Table { version: Some(_), .. } => ControlFlow::Break(("FOR", false)),
            TableFactor::Table { args: None, .. }
            | TableFactor::Derived { lateral: false, .. }
            | TableFactor::NestedJoin { .. } => ControlFlow::Continue(()),
            TableFactor::Derived { .. } => ControlFlow::Break(("LATERAL", false)),
            _ => ControlFlow::Break(("a table function", false)),
        }
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Found> {
        let stop =
            |found: bool, word, row| if found { ControlFlow::Break((word, row)) } else { ControlFlow::Continue(()) };
        stop(select.into.is_some(), "INTO", false)?;
        stop(select.top.is_some(), "TOP", true)?;
        stop(!select.lateral_views.is_empty(), "LATERAL", false)?;
        stop(!select.connect_by.is_empty(), "CONNECT", false)?;
        stop(select.prewhere.is_some(), "PREWHERE", false)?;
        stop(
            !select.cluster_by.is_empty() || !select.distribute_by.is_empty() || !select.sort_by.is_empty(),
            "SORT",
            false,
        )
    }
}

impl Text {
    /// Place of the first word of the text.
    pub fn start(&self) -> Option<Position> {
        self.tokens.iter().find(|token| !matches!(token.token, Token::Whitespace(_))).map(place)
    }

    /// Is that a name or word that the author wrote?
    pub fn names(&self, word: &str) -> bool {
        let of_letters = |token: &&TokenWithSpan| match &token.token {
            Token::Word(known) => known.value.eq_ignore_ascii_case(word),
            _ => false,
        };
        word.len() > 1 && !word.eq_ignore_ascii_case("as") && self.tokens.iter().any(|token| of_letters(&token))
    }

    /// Place of the first word equal to that, letter case aside.
    pub fn find(&self, word: &str) -> Option<Position> {
        let same = |token: &&TokenWithSpan| token.token.to_string().trim_matches('"').eq_ignore_ascii_case(word);
        self.tokens.iter().find(same).map(place)
    }
}

fn place(token: &TokenWithSpan) -> Position {
    Position { line: token.span.start.line, column: token.span.start.column }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_one_select_and_nothing_else() {
        for good in [
            "SELECT 1",
            "select a from t;",
            "WITH x AS (SELECT 1) SELECT * FROM x",
            "SELECT 1 UNION SELECT 2",
            "(SELECT 1)",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            ";",
            "SELEC 1",
            "SELECT 1; SELECT 2",
            "EXPLAIN SELECT 1",
            "EXPLAIN ANALYZE SELECT 1",
            "INSERT INTO t VALUES (1)",
            "CREATE TABLE t AS SELECT 1",
            "COPY t TO 'x'",
            "SET a = 1",
            "SHOW TABLES",
            "PREPARE p AS SELECT 1",
            "SELECT * INTO u FROM t",
            "SELECT * FROM t FOR UPDATE",
            "SELECT * FROM t TABLESAMPLE BERNOULLI (10)",
            "SELECT * FROM generate_series(1, 10)",
            "SELECT * FROM unnest(ARRAY[1])",
            "WITH RECURSIVE r AS (SELECT 1) SELECT * FROM r",
            "SELECT * FROM t, LATERAL (SELECT 1) u",
            "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
            "SELECT 'unfinished",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        let deep = format!("SELECT {}1{}", "(".repeat(5000), ")".repeat(5000));
        assert!(parse(&deep).is_err());
    }

    #[test]
    fn finds_words() {
        let (_, text) = parse("SELECT a\n  FROM t LIMIT 1").unwrap();
        assert_eq!(text.find("limit"), Some(Position { line: 2, column: 10 }));
    }
}
