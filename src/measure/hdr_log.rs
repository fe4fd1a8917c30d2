//! The log of HDR histograms that the tools around HdrHistogram read (format 1.3, `HistogramLogWriter.java`).

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::serialization::Serializer as _;
use hdrhistogram::serialization::V2DeflateSerializer;

use super::latency::Distribution;

/// Returns the lines before the first interval; `began` is the time since the UNIX epoch, `about` says what was measured.
#[must_use]
pub fn header(began: Duration, about: &str) -> String {
    let about = about.replace(['\n', '\r'], " ");
    let began = began.as_secs_f64();
    format!(
        "#[{about}; values in microseconds, Interval_Max in milliseconds]\n#[Histogram log format version 1.3]\n\
         #[StartTime: {began:.3} (seconds since epoch)]\n\
         \"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n"
    )
}

/// Returns the line of one interval; `tag` tells whose it is, no tag that it is of all servers.
#[must_use]
pub fn line(tag: Option<&str>, began: Duration, length: Duration, times: &Distribution) -> String {
    let mut line = String::new();
    if let Some(tag) = tag {
        // A tag ends at a comma, and the readers take no blank in it.
        let tag = tag.replace([',', ' ', '\n', '\r', '\t'], "_");
        line = format!("Tag={tag},");
    }
    let mut bytes = Vec::new();
    // Writing to memory does not fail, and no histogram of a probe is too large.
    if V2DeflateSerializer::new().serialize(times.histogram(), &mut bytes).is_err() {
        bytes.clear();
    }
    let max = times.max().unwrap_or(0) as f64 / 1000.0;
    let (began, length) = (began.as_secs_f64(), length.as_secs_f64());
    // Writing to a string does not fail.
    let _ = writeln!(line, "{began:.3},{length:.3},{max:.3},{}", STANDARD.encode(bytes));
    line
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::IntervalLogIterator;
    use hdrhistogram::serialization::interval_log::LogEntry;

    use super::*;

    #[test]
    fn an_independent_reader_gets_the_samples_back() {
        let mut times = Distribution::default();
        for sample in [40, 50, 60, 750_000] {
            times.record(Duration::from_micros(sample));
        }
        let began = Duration::from_millis(1_700_000_000_250);
        let mut log = header(began, "cachier latency");
        log += &line(None, began, Duration::from_secs(1), &times);
        log += &line(Some("/a path,b"), began, Duration::from_secs(1), &times);
        let mut intervals = Vec::new();
        for entry in IntervalLogIterator::new(log.replace("\"StartTimestamp\"", "#").as_bytes()) {
            if let LogEntry::Interval(interval) = entry.unwrap() {
                let bytes = STANDARD.decode(interval.encoded_histogram()).unwrap();
                let read: Histogram<u64> = Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap();
                assert_eq!((read.len(), read.min()), (4, 40));
                assert!(read.max().abs_diff(750_000) < 750, "{}", read.max());
                assert_eq!(interval.start_timestamp(), began);
                assert!((interval.max() - 750.0).abs() < 0.001);
                intervals.push(interval.tag().map(|tag| tag.as_str().to_owned()));
            }
        }
        assert_eq!(intervals, [None, Some("/a_path_b".to_owned())]);
        assert!(log.contains("#[StartTime: 1700000000.250 (seconds since epoch)]\n"), "{log}");
    }
}
