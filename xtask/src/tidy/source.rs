//! One Rust file: its length, its functions, its module doc, and names that must not stand in it.
//! Code under `#[cfg(test)]` is left out of everything but the file's length.

use super::{Finding, Rules};
use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// Findings in one file of a crate. `cities` are names that may stand in packs and tests only.
pub fn check(krate: &str, path: &str, text: &str, rules: &Rules, cities: &[String]) -> Vec<Finding> {
    let mut walk = Walk {
        path: path.to_owned(),
        cities,
        may_unsafe: rules.unsafe_crates.iter().any(|c| c == krate),
        rules: Some(rules).filter(|r| r.pure.crates.iter().any(|c| c == krate)),
        found: vec![Finding::File { path: path.to_owned(), lines: text.lines().count() }],
    };
    match syn::parse_file(text) {
        Ok(file) => {
            if !file.attrs.iter().any(|a| a.path().is_ident("doc")) {
                walk.plain(1, "no module doc: say what it is and what it must not know".to_owned());
            }
            walk.visit_file(&file);
        }
        Err(e) => walk.plain(e.span().start().line, format!("does not parse: {e}")),
    }
    walk.found
}

struct Walk<'a> {
    path: String,
    cities: &'a [String],
    may_unsafe: bool,
    /// Set for pure crates.
    rules: Option<&'a Rules>,
    found: Vec<Finding>,
}

impl Walk<'_> {
    fn plain(&mut self, line: usize, what: String) {
        self.found.push(Finding::Plain { path: self.path.clone(), line, what });
    }

    fn function(&mut self, sig: &syn::Signature, end: usize) {
        let (line, name) = (sig.span().start().line, sig.ident.to_string());
        let lines = end + 1 - line;
        self.found.push(Finding::Function { path: self.path.clone(), line, name, lines });
    }

    fn word(&mut self, text: &str, line: usize) {
        let lower = text.to_lowercase();
        if let Some(city) = self.cities.iter().find(|c| lower.contains(c.as_str())) {
            self.plain(line, format!("the city `{city}` is named in code; cities differ only in packs/"));
        }
    }

    fn not_safe(&mut self, line: usize) {
        if !self.may_unsafe {
            self.plain(line, "`unsafe`".to_owned());
        }
    }

    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            let line = token.span().start().line;
            match token {
                TokenTree::Group(g) => self.tokens(g.stream()),
                TokenTree::Ident(i) if i == "unsafe" => self.not_safe(line),
                TokenTree::Ident(i) => self.word(&i.to_string(), line),
                TokenTree::Literal(l) => self.word(&l.to_string(), line),
                TokenTree::Punct(_) => {}
            }
        }
    }

    fn named(&mut self, path: &str, line: usize) {
        let Some(rules) = self.rules else { return };
        let starts = |p: &String| path == p || path.strip_prefix(p.as_str()).is_some_and(|r| r.starts_with("::"));
        let ends = |p: &String| path == p || path.strip_suffix(p.as_str()).is_some_and(|r| r.ends_with("::"));
        if rules.pure.starts.iter().any(starts) || rules.pure.ends.iter().any(ends) {
            self.plain(line, format!("`{path}` in a pure crate: take the value as an argument"));
        }
    }

    fn use_tree(&mut self, tree: &syn::UseTree, before: &str) {
        let join = |i: &syn::Ident| {
            if before.is_empty() { i.to_string() } else { format!("{before}::{i}") }
        };
        match tree {
            syn::UseTree::Path(p) => self.use_tree(&p.tree, &join(&p.ident)),
            syn::UseTree::Name(n) => self.named(&join(&n.ident), n.span().start().line),
            syn::UseTree::Rename(r) => self.named(&join(&r.ident), r.span().start().line),
            syn::UseTree::Glob(g) => self.named(before, g.span().start().line),
            syn::UseTree::Group(g) => g.items.iter().for_each(|t| self.use_tree(t, before)),
        }
    }
}

fn is_test(attrs: &[syn::Attribute]) -> bool {
    attrs.iter().any(|a| {
        let cfg = || a.path().is_ident("cfg") && a.parse_args::<syn::Ident>().is_ok_and(|i| i == "test");
        a.path().is_ident("test") || cfg()
    })
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item_mod(&mut self, i: &'ast syn::ItemMod) {
        if !is_test(&i.attrs) {
            visit::visit_item_mod(self, i);
        }
    }

    fn visit_item_fn(&mut self, i: &'ast syn::ItemFn) {
        if !is_test(&i.attrs) {
            self.function(&i.sig, i.block.span().end().line);
            visit::visit_item_fn(self, i);
        }
    }

    fn visit_impl_item_fn(&mut self, i: &'ast syn::ImplItemFn) {
        if !is_test(&i.attrs) {
            self.function(&i.sig, i.block.span().end().line);
            visit::visit_impl_item_fn(self, i);
        }
    }

    fn visit_trait_item_fn(&mut self, i: &'ast syn::TraitItemFn) {
        if let Some(block) = &i.default {
            self.function(&i.sig, block.span().end().line);
        }
        visit::visit_trait_item_fn(self, i);
    }

    fn visit_item_use(&mut self, i: &'ast syn::ItemUse) {
        if !is_test(&i.attrs) {
            self.use_tree(&i.tree, "");
            visit::visit_item_use(self, i);
        }
    }

    fn visit_path(&mut self, p: &'ast syn::Path) {
        let names: Vec<String> = p.segments.iter().map(|s| s.ident.to_string()).collect();
        self.named(&names.join("::"), p.span().start().line);
        visit::visit_path(self, p);
    }

    fn visit_attribute(&mut self, a: &'ast syn::Attribute) {
        // Documentation may cite a city's article.
        if let (false, syn::Meta::List(list)) = (a.path().is_ident("doc"), &a.meta) {
            self.tokens(list.tokens.clone());
        }
    }

    fn visit_macro(&mut self, m: &'ast syn::Macro) {
        self.tokens(m.tokens.clone());
    }

    fn visit_ident(&mut self, i: &'ast proc_macro2::Ident) {
        self.word(&i.to_string(), i.span().start().line);
    }

    fn visit_lit_str(&mut self, l: &'ast syn::LitStr) {
        self.word(&l.value(), l.span().start().line);
    }

    fn visit_expr_unsafe(&mut self, e: &'ast syn::ExprUnsafe) {
        self.not_safe(e.span().start().line);
        visit::visit_expr_unsafe(self, e);
    }

    fn visit_signature(&mut self, s: &'ast syn::Signature) {
        if matches!(s.safety, syn::Safety::Unsafe(_)) {
            self.not_safe(s.span().start().line);
        }
        visit::visit_signature(self, s);
    }

    fn visit_item_impl(&mut self, i: &'ast syn::ItemImpl) {
        if is_test(&i.attrs) {
            return;
        }
        if i.unsafety.is_some() {
            self.not_safe(i.span().start().line);
        }
        visit::visit_item_impl(self, i);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::rules;

    fn plain(krate: &str, code: &str) -> Vec<usize> {
        let cities = ["atlantis".to_owned(), "大西".to_owned()];
        let found = check(krate, "a.rs", &format!("//! Doc.\n{code}"), &rules(""), &cities);
        found.iter().filter_map(|f| if let Finding::Plain { line, .. } = f { Some(*line) } else { None }).collect()
    }

    #[test]
    fn a_city_in_code_is_found_and_in_docs_and_tests_is_not() {
        assert_eq!(plain("edge", "fn f(c: &str) -> bool { c == \"Atlantis\" }"), [2]);
        assert_eq!(plain("edge", "fn atlantis_rule() {}"), [2]);
        assert_eq!(plain("edge", "fn f() {\n    println!(\"{}\", \"大西市\");\n}"), [3]);
        assert_eq!(plain("edge", "#[serde(rename = \"atlantis\")]\nstruct S;"), [2]);
        assert!(plain("edge", "/// As Atlantis, art. 5.\nfn f() {}").is_empty());
        assert!(plain("edge", "#[cfg(test)]\nmod tests { const C: &str = \"atlantis\"; }").is_empty());
    }

    #[test]
    fn unsafe_is_found_outside_its_crates() {
        assert!(plain("edge", "fn f() -> &'static str { \"unsafe\" }").is_empty());
        for code in ["fn f() { unsafe {} }", "unsafe fn f() {}", "unsafe impl S for T {}", "fn f() { m!(unsafe {}) }"] {
            assert_eq!(plain("edge", code).len(), 1, "{code}");
            assert!(plain("leaf", code).is_empty());
        }
    }

    #[test]
    fn clocks_and_files_are_found_in_pure_crates_only() {
        let bad = [
            "use std::fs;",
            "use std::{collections::BTreeMap, fs::File};",
            "use std::fs::*;",
            "fn f() { let _ = std::fs::read(\"x\"); }",
            "fn f() { let _ = std::time::SystemTime::now(); }",
            "fn f() { let _ = SystemTime::now(); }",
        ];
        for code in bad {
            assert_eq!(plain("pure", code).len(), 1, "{code}");
            assert!(plain("edge", code).is_empty(), "{code}");
        }
        assert!(plain("pure", "use std::fmt; fn f(now: u64) { g::now(); fsx::y(); }").is_empty());
    }

    #[test]
    fn sizes_and_module_docs() {
        let found = check(
            "edge",
            "a.rs",
            "fn f() {\n    1;\n}\nimpl S {\n    /// Doc.\n    fn g(\n    ) {\n    }\n}\n",
            &rules(""),
            &[],
        );
        assert!(found.contains(&Finding::File { path: "a.rs".into(), lines: 9 }));
        let function = |line, name: &str| Finding::Function { path: "a.rs".into(), line, name: name.into(), lines: 3 };
        assert!(found.contains(&function(1, "f")) && found.contains(&function(6, "g")), "{found:?}");
        assert!(found.iter().any(|f| matches!(f, Finding::Plain { what, .. } if what.contains("module doc"))));
        assert_eq!(plain("edge", "fn f( {"), [2]);
    }
}
