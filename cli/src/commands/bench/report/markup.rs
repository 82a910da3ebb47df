//! A tree of elements that becomes text with everything escaped.
//!
//! The text is HTML and well-formed XML at once: every element is closed, attributes are quoted, and
//! no named entity is used but XML's own. There is no way to put text in unescaped.

use std::fmt::{self, Write};

/// An element with its attributes and what it holds.
#[derive(Clone, Debug)]
pub struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    children: Vec<Node>,
}

#[derive(Clone, Debug)]
enum Node {
    Element(Element),
    Text(String),
}

/// An empty element.
pub const fn element(name: &'static str) -> Element {
    Element {
        name,
        attributes: Vec::new(),
        children: Vec::new(),
    }
}

impl Element {
    /// With an attribute.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.attributes.push((name, value.to_string()));
        self
    }

    /// With several attributes of numbers, rounded to tenths.
    #[must_use]
    pub fn at<const N: usize>(self, numbers: [(&'static str, f64); N]) -> Self {
        let with = |element: Self, (name, number)| element.with(name, tenths(number));
        numbers.into_iter().fold(self, with)
    }

    /// With a class.
    #[must_use]
    pub fn class(self, class: impl fmt::Display) -> Self {
        self.with("class", class)
    }

    /// With text at the end.
    #[must_use]
    pub fn text(mut self, text: impl fmt::Display) -> Self {
        self.children.push(Node::Text(text.to_string()));
        self
    }

    /// With an element at the end.
    #[must_use]
    pub fn child(mut self, child: Self) -> Self {
        self.children.push(Node::Element(child));
        self
    }

    /// With elements at the end.
    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children
            .extend(children.into_iter().map(Node::Element));
        self
    }
}

/// A coordinate: tenths of a unit are finer than a screen shows.
pub fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}", self.name)?;
        for (name, value) in &self.attributes {
            write!(f, " {name}=\"{}\"", Escaped::attribute(value))?;
        }
        // HTML knows these as elements without an end.
        if matches!(self.name, "meta" | "br") {
            return f.write_str("/>");
        }
        f.write_str(">")?;
        for child in &self.children {
            match child {
                Node::Element(element) => element.fmt(f)?,
                Node::Text(text) => Escaped::text(text).fmt(f)?,
            }
        }
        write!(f, "</{}>", self.name)
    }
}

/// Text that means nothing but itself.
struct Escaped<'a> {
    text: &'a str,
    /// Whether it stands between quotes.
    quoted: bool,
}

impl<'a> Escaped<'a> {
    const fn text(text: &'a str) -> Self {
        Self {
            text,
            quoted: false,
        }
    }

    const fn attribute(text: &'a str) -> Self {
        Self { text, quoted: true }
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.text.chars() {
            match c {
                '&' => f.write_str("&amp;"),
                '<' => f.write_str("&lt;"),
                '>' => f.write_str("&gt;"),
                '"' if self.quoted => f.write_str("&quot;"),
                // XML has no way to write the other control characters.
                c if c.is_control() && !matches!(c, '\n' | '\t') => f.write_char('\u{fffd}'),
                c => f.write_char(c),
            }?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_comes_back_as_it_was() {
        let text = "</p><script>alert('1')</script> & \"2\" \u{1}";
        let written = element("p").with("title", text).text(text).to_string();
        assert!(!written.contains("<script"), "{written}");
        let parsed = roxmltree::Document::parse(&written).unwrap();
        let readable = text.replace('\u{1}', "\u{fffd}");
        assert_eq!(parsed.root_element().text(), Some(readable.as_str()));
        assert_eq!(
            parsed.root_element().attribute("title"),
            Some(readable.as_str())
        );
    }

    #[test]
    fn elements_nest() {
        let tree = element("g")
            .at([("x", 1.0), ("y", 2.349)])
            .child(element("br"))
            .children([element("i").text("a"), element("i")]);
        let expected = r#"<g x="1" y="2.3"><br/><i>a</i><i></i></g>"#;
        assert_eq!(tree.to_string(), expected);
    }
}
