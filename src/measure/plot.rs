//! A probe as a picture: the percentile curve above, the histogram below, as SVG that follows the reader's light or dark.

use std::fmt::Write as _;

use super::latency::Distribution;

/// Width and height of the picture.
const SIZE: (f64, f64) = (860.0, 660.0);

/// Left and right end of both panels.
const SIDES: (f64, f64) = (76.0, 836.0);

/// Top and bottom of the percentile curve.
const CURVE: (f64, f64) = (100.0, 360.0);

/// Top and bottom of the histogram.
const BARS: (f64, f64) = (432.0, 600.0);

/// How many bars there are at most.
const BUCKETS: usize = 60;

/// How many lines are told apart.
const COLOURS: usize = 6;

/// How colours and type look; a viewer without media queries shows the light one.
const STYLE: &str = "<style>
text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-size:16px;font-weight:600}.faint{fill:#59636e;font-size:12px}
.paper{fill:#fff}.grid{stroke:#d1d9e0;stroke-width:1}.line{fill:none;stroke-width:2;stroke-linejoin:round}.dash{stroke-dasharray:5 4}
.c0{stroke:#0969da}.c1{stroke:#bc4c00}.c2{stroke:#1a7f37}.c3{stroke:#8250df}.c4{stroke:#cf222e}.c5{stroke:#9a6700}.bar{fill:#0969da}
@media (prefers-color-scheme: dark){
text{fill:#e6edf3}.faint{fill:#9198a1}.paper{fill:#0d1117}.grid{stroke:#3d444d}
.c0{stroke:#58a6ff}.c1{stroke:#f0883e}.c2{stroke:#56d364}.c3{stroke:#bc8cff}.c4{stroke:#ff7b72}.c5{stroke:#e3b341}.bar{fill:#58a6ff}
}
</style>
";

/// One line of the percentile curve.
pub struct Line<'a> {
    /// What the legend calls it.
    pub name: &'a str,
    /// The times.
    pub times: &'a Distribution,
    /// Whether it is of less interest: drawn dashed.
    pub is_dashed: bool,
}

/// Draws lines of percentiles, and the histogram of one distribution; `subtitle` tells how it was measured.
///
/// A curve ends at its sample: the last point of `n` samples is at 1 − 1/n.
#[must_use]
pub fn svg(title: &str, subtitle: &str, lines: &[Line<'_>], histogram: &Distribution) -> String {
    let (width, height) = SIZE;
    let mut picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" aria-label=\"{title}\">\n",
        title = escaped(title)
    );
    picture += STYLE;
    let _ = writeln!(picture, "<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>");
    text(&mut picture, (SIDES.0, 32.0), "start", "title", title);
    text(&mut picture, (SIDES.0, 52.0), "start", "faint", subtitle);
    let lines: Vec<&Line<'_>> = lines.iter().filter(|line| line.times.count() > 0).collect();
    if lines.is_empty() {
        text(&mut picture, (SIDES.0, CURVE.0), "start", "", "nothing was answered");
    } else {
        curve(&mut picture, &lines);
        bars(&mut picture, histogram);
    }
    picture + "</svg>\n"
}

/// A logarithmic scale from one length to another.
struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// Returns where a value lies.
    fn at(&self, value: f64) -> f64 {
        let share = (value / self.low).ln() / (self.high / self.low).ln();
        self.from + share.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// Returns the values with a mark: 1, 2 and 5 of each power of ten, fewer where they would crowd.
    fn marks(&self) -> Vec<f64> {
        let digits: &[f64] = if self.high / self.low > 1e3 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let first = self.low.log10().floor() as i32;
        let last = self.high.log10().ceil() as i32;
        let all = (first..=last).flat_map(|power| digits.iter().map(move |digit| digit * 10_f64.powi(power)));
        all.filter(|value| (self.low * 0.999..=self.high * 1.001).contains(value)).collect()
    }
}

/// The scale of times that holds all of these, a little wider than they are.
fn scale(times: &[&Distribution], from: f64, to: f64) -> Scale {
    let low = times.iter().filter_map(|times| times.min()).min().unwrap_or(1) as f64;
    let high = times.iter().filter_map(|times| times.max()).max().unwrap_or(1) as f64;
    Scale { low: low * 0.9, high: high * 1.1, from, to }
}

fn curve(picture: &mut String, lines: &[&Line<'_>]) {
    let times: Vec<&Distribution> = lines.iter().map(|line| line.times).collect();
    let vertical = scale(&times, CURVE.1, CURVE.0);
    let most = times.iter().map(|times| times.count()).max().unwrap_or(1).max(10) as f64;
    // The axis is the number of samples of which one lies beyond: 2 is the median, 100 is p99.
    let horizontal = Scale { low: 1.0, high: most, from: SIDES.0, to: SIDES.1 };
    for value in vertical.marks() {
        let y = vertical.at(value);
        rule(picture, (SIDES.0, y), (SIDES.1, y));
        text(picture, (SIDES.0 - 8.0, y + 4.0), "end", "faint", &axis_time(value));
    }
    let marks = [
        (1.0, "min"),
        (2.0, "p50"),
        (10.0, "p90"),
        (100.0, "p99"),
        (1e3, "p99.9"),
        (1e4, "p99.99"),
        (1e5, "p99.999"),
    ];
    for (value, name) in marks.into_iter().filter(|(value, _)| *value <= most) {
        let x = horizontal.at(value);
        rule(picture, (x, CURVE.0), (x, CURVE.1));
        // As in the tables, ten samples must lie beyond a percentile before it means something.
        let is_supported = value < 3.0 || most >= value * 10.0;
        let name = if is_supported { name.to_owned() } else { format!("({name})") };
        text(picture, (x, CURVE.1 + 18.0), "middle", "faint", &name);
    }
    text(
        picture,
        (SIDES.1, CURVE.1 + 38.0),
        "end",
        "faint",
        "in brackets: fewer than ten samples lie beyond",
    );
    for (index, line) in lines.iter().enumerate() {
        let class = format!("line c{}{}", index % COLOURS, if line.is_dashed { " dash" } else { "" });
        let points: Vec<String> = quantiles(line.times)
            .into_iter()
            .map(|(beyond, value)| format!("{:.1},{:.1}", horizontal.at(beyond), vertical.at(value)))
            .collect();
        let _ = writeln!(picture, "<polyline class=\"{class}\" points=\"{}\"/>", points.join(" "));
        // Four names a row fit above the panel.
        let (x, y) = (SIDES.0 + 190.0 * (index % 4) as f64, 72.0 + 16.0 * (index / 4) as f64);
        let _ = writeln!(
            picture,
            "<line class=\"{class}\" x1=\"{x}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\"/>",
            x + 22.0
        );
        text(picture, (x + 28.0, y + 4.0), "start", "faint", line.name);
    }
}

/// The points of a curve: of how many samples one lies beyond, and the time.
fn quantiles(times: &Distribution) -> Vec<(f64, f64)> {
    let count = times.count() as f64;
    let mut points = vec![(1.0, times.min().unwrap_or(1) as f64)];
    let mut below = 0;
    for value in times.histogram().iter_recorded() {
        let sample = value.value_iterated_to().min(times.max().unwrap_or(1)) as f64;
        // Up to the share that lies below this value the curve stays at it: a step, as the sample has it.
        let begins = count / (count - below as f64);
        below += value.count_at_value();
        let ends = if below as f64 >= count { count } else { count / (count - below as f64) };
        points.push((begins, sample));
        points.push((ends, sample));
    }
    points
}

fn bars(picture: &mut String, histogram: &Distribution) {
    let horizontal = scale(&[histogram], SIDES.0, SIDES.1);
    let buckets = histogram.buckets(BUCKETS);
    let most = buckets.iter().map(|bucket| bucket.count).max().unwrap_or(1) as f64;
    rule(picture, (SIDES.0, BARS.1), (SIDES.1, BARS.1));
    text(picture, (SIDES.0, BARS.0 - 12.0), "start", "faint", "how many requests took how long");
    text(picture, (SIDES.0 - 8.0, BARS.0 + 4.0), "end", "faint", &format!("{most:.0}"));
    rule(picture, (SIDES.0, BARS.0), (SIDES.1, BARS.0));
    for value in horizontal.marks() {
        text(picture, (horizontal.at(value), BARS.1 + 18.0), "middle", "faint", &axis_time(value));
    }
    for bucket in buckets.iter().filter(|bucket| bucket.count > 0) {
        let (left, right) = (horizontal.at(bucket.low), horizontal.at(bucket.high));
        // A single sample among thousands is still seen.
        let height = (bucket.count as f64 / most * (BARS.1 - BARS.0)).max(2.0);
        let _ = writeln!(
            picture,
            "<rect class=\"bar\" x=\"{left:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"/>",
            BARS.1 - height,
            (right - left - 1.0).max(2.0),
        );
    }
}

/// A mark of an axis: `50µs`, `2ms`, `1s`.
fn axis_time(microseconds: f64) -> String {
    match microseconds {
        ..1e3 => format!("{microseconds:.0}µs"),
        1e3..1e6 => format!("{:.0}ms", microseconds / 1e3),
        _ => format!("{:.0}s", microseconds / 1e6),
    }
}

fn rule(picture: &mut String, from: (f64, f64), to: (f64, f64)) {
    let ((x1, y1), (x2, y2)) = (from, to);
    let _ = writeln!(
        picture,
        "<line class=\"grid\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
    );
}

fn text(picture: &mut String, at: (f64, f64), anchor: &str, class: &str, words: &str) {
    let (x, y) = at;
    let words = escaped(words);
    let _ = writeln!(
        picture,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" class=\"{class}\">{words}</text>"
    );
}

/// Text as XML carries it; characters that XML has no way to write are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\u{fffe}' | '\u{ffff}' => {}
            character if character.is_control() => {}
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn of(samples: impl IntoIterator<Item = u64>) -> Distribution {
        let mut distribution = Distribution::default();
        samples.into_iter().for_each(|sample| distribution.record(Duration::from_micros(sample)));
        distribution
    }

    fn drawn(times: &Distribution, name: &str) -> String {
        let lines =
            [Line { name, times, is_dashed: false }, Line { name: "service", times, is_dashed: true }];
        svg("cachier latency", "2 servers", &lines, times)
    }

    /// Whether every element is closed in order, and every attribute and text is escaped.
    #[track_caller]
    fn assert_well_formed(picture: &str) {
        let mut open: Vec<&str> = Vec::new();
        let mut rest = picture;
        while let Some(start) = rest.find('<') {
            assert!(!rest[..start].contains('>'), "a bare > in {:?}", &rest[..start]);
            let end = start + rest[start..].find('>').expect("every tag ends");
            let tag = &rest[start + 1..end];
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name));
            } else if !tag.ends_with('/') {
                open.push(tag.split(' ').next().unwrap());
            }
            rest = &rest[end + 1..];
        }
        assert_eq!((open, rest.trim()), (Vec::new(), ""));
        assert!(!picture.contains("NaN") && !picture.contains("inf"), "{picture}");
    }

    #[test]
    fn pictures_are_well_formed_whatever_was_measured() {
        for times in [of([]), of([7]), of([5; 100]), of(1..=2_000), of([1, 60_000_000])] {
            assert_well_formed(&drawn(&times, "a<b>&\"c\"\u{1b}[0m"));
        }
        assert!(drawn(&of([]), "a").contains("nothing was answered"));
        assert!(drawn(&of([1]), "a<b>&\"\u{1b}").contains(">a&lt;b&gt;&amp;&quot;</text>"));
    }

    #[test]
    fn the_curve_goes_up_to_the_right() {
        let points = quantiles(&of((1..=999).chain([50_000])));
        assert!(points.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1));
        assert_eq!(points.first(), Some(&(1.0, 1.0)));
        assert_eq!(points.last(), Some(&(1_000.0, 50_000.0)));
    }

    #[test]
    fn both_schemes_have_every_colour() {
        let (light, dark) = STYLE.split_once("@media (prefers-color-scheme: dark)").unwrap();
        for class in ["text{", ".faint{", ".paper{", ".grid{", ".bar{"] {
            assert!(light.contains(class) && dark.contains(class), "{class}");
        }
        for index in 0..COLOURS {
            let class = format!(".c{index}{{");
            assert!(light.contains(&class) && dark.contains(&class), "{class}");
        }
    }

    #[test]
    fn marks_do_not_crowd() {
        let marks = |low, high| Scale { low, high, from: 0.0, to: 1.0 }.marks();
        assert_eq!(marks(40.0, 900.0), [50.0, 100.0, 200.0, 500.0]);
        assert_eq!(marks(10.0, 1e6), [10.0, 100.0, 1e3, 1e4, 1e5, 1e6]);
    }
}
