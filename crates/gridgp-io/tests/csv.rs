//! Long CSV tables in: what they become, and what the messages say when they are no grid.

use std::path::PathBuf;

use gridgp_grid::{Dataset, Values};
use gridgp_model::spec::DataSpec;

/// A folder with one table in it, read with the `[data]` section `spec`.
struct Case {
    folder: tempfile::TempDir,
}

impl Case {
    fn new(text: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("data.csv"), text).unwrap();
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("data.csv")
    }

    fn read(&self, spec: &str) -> gridgp_io::Result<Dataset> {
        gridgp_io::read(&self.path(), &toml::from_str::<DataSpec>(spec).unwrap())
    }
}

fn read(text: &str, spec: &str) -> Dataset {
    Case::new(text).read(spec).unwrap_or_else(|e| panic!("{e}"))
}

/// The message of the error, which must name the file.
fn error(text: impl AsRef<[u8]>, spec: &str) -> String {
    let message = Case::new(text).read(spec).unwrap_err().to_string();
    assert!(message.contains("data.csv"), "{message}");
    message
}

fn numbers(data: &Dataset, axis: usize, coordinate: usize) -> &[f64] {
    match &data.grid.axes()[axis].coordinates()[coordinate].values {
        Values::Numbers(v) => v,
        Values::Labels(v) => panic!("labels {v:?}"),
    }
}

fn labels(data: &Dataset, axis: usize, coordinate: usize) -> &[String] {
    match &data.grid.axes()[axis].coordinates()[coordinate].values {
        Values::Labels(v) => v,
        Values::Numbers(v) => panic!("numbers {v:?}"),
    }
}

const XY: &str = "response = 'z'\naxes = ['x', 'y']";

#[test]
fn rows_in_any_order_fill_the_grid_last_axis_fastest() {
    let data = read("y,z,x\n2,12,1\n1,1,0\n3,3,0\n1,11,1.0\n2,2,0\n3,13,1\n", XY);
    assert_eq!(data.grid.shape(), [2, 3]);
    assert_eq!(numbers(&data, 0, 0), [0.0, 1.0]);
    assert_eq!(data.response.values, [1.0, 2.0, 3.0, 11.0, 12.0, 13.0]);
    assert_eq!(data.response.missing, None);
    assert_eq!(data.response.name, "z");
}

#[test]
fn absent_rows_and_missing_words_become_the_mask() {
    let data = read("x,y,z\n0,0,1\n0,1,NA\n0,2,\n1,0,nan\n1,1,5\n", XY);
    assert_eq!(data.response.missing_cells(), [1, 2, 3, 5]);
    assert_eq!(data.response.values, [1.0, 0.0, 0.0, 0.0, 5.0, 0.0]);
}

#[test]
fn byte_order_mark_quotes_crlf_and_other_separators() {
    let plain = read("x,y,z\n0,0,1\n0,1,2\n", XY);
    assert_eq!(read("\u{feff}x,y,z\r\n0,\"0\",1\r\n 0 , 1 , 2 \r\n", XY), plain);
    assert_eq!(read("\"x\";\"y\";\"z\"\n0;0;1\n0;1;2", XY), plain);
    assert_eq!(read("x\ty\tz\n0\t0\t1\n0\t1\t2", XY), plain);
}

#[test]
fn comments_and_blank_lines_above_the_header_and_bars() {
    let plain = read("x,y,z\n0,0,1\n0,1,2\n", XY);
    assert_eq!(
        read("\u{feff}# a title, with a comma\r\n\r\n#\r\nx,y,z\r\n0,0,1\r\n0,1,2", XY),
        plain
    );
    assert_eq!(read("# made on a Mac\rx,y,z\r0,0,1\r0,1,2\r", XY), plain);
    assert_eq!(read("x|y|z\n0|0|1\n0|1|2\n", XY), plain);
    // What is said of a line is said of the line in the file.
    let message = error("# a\n\n# b\nx,y,z\n0,0,1\n0,1,a\n", XY);
    assert!(message.contains("line 6, column \"z\""), "{message}");
    // Only above the header: a station may be called #1.
    let data = read("x,y,z\n#1,0,1\n#2,0,2\n", XY);
    assert_eq!(labels(&data, 0, 0), ["#1", "#2"]);
    let message = error("x,y,z\n0,0,1\n# the end\n", XY);
    assert!(message.contains("line 3") && message.contains("in front of the header"), "{message}");
}

#[test]
fn a_header_that_names_no_columns_is_told_what_it_is() {
    for (text, words) in [
        ("#x,y,z\n0,0,1\n0,1,2\n", "remove the # there"),
        ("0,0,1\n0,1,2\n", "line 1 holds values, not names"),
        ("# title\n0,0,1\n0,1,2\n", "line 2 holds values, not names"),
        ("x,2000,2001,2002\na,1,2,3\n", "the table is wide, 3 of its columns"),
        ("x;2019-01;2019-02;2019-03\na;1;2;3\n", "make it long"),
        ("x y z\n0 0 1\n", "separated by blanks"),
    ] {
        let message = error(text, XY);
        assert!(message.contains(words), "{message}");
        let case = Case::new(text);
        let e = gridgp_io::summarize(&case.path(), None).unwrap_err().to_string();
        assert!(e.contains(words), "{e}");
    }
    let message = error("Some title\nx,y,z\n0,0,1\n", XY);
    assert!(message.contains("there is no column"), "{message}");
    // A wide table that is read by its names stays one that can be read.
    let data = read("x,y,2000,2001,2002\n0,0,1,2,3\n", "response = '2001'\naxes = ['x', 'y']");
    assert_eq!(data.response.values, [2.0]);
}

#[test]
fn decimal_commas_are_read_where_they_can_be_nothing_else() {
    let data = read("x;y;z\n0,5;0;1,25\n1,5;0;-2,5e1\n", XY);
    assert_eq!(numbers(&data, 0, 0), [0.5, 1.5]);
    assert_eq!(data.response.values, [1.25, -25.0]);
    assert_eq!(read("x,y,z\n0,0,\"0,5\"\n", XY).response.values, [0.5]);
    let message = error("x;y;z\n0;0;1,234\n1;0;5,678\n", XY);
    let words = "line 2, column \"z\": is \"1,234\" 1.234 or 1234?";
    assert!(message.contains(words), "{message}");
    // 12,5 tells for the whole table; 1.234 beside it is in doubt.
    assert_eq!(read("x;y;z\n12,5;0;1,234\n", XY).response.values, [1.234]);
    let message = error("x;y;z\n12,5;0;1.234\n", XY);
    assert!(message.contains("is \"1.234\" 1.234 or 1234?"), "{message}");
    assert!(error("x,y,z\n0,5,1,1\n", XY).contains("decimal commas need quotes"));
}

#[test]
fn what_stands_for_missing_values_is_said_in_the_model() {
    let text = "x,y,z,g\n0,0,-99.9,1\n0,1,2,1\n1,0,*,1\n1,1,-9999,1\n";
    let spec = format!("{XY}\nmissing = [-99.9, '*', '-9999']");
    assert_eq!(read(text, &spec).response.missing_cells(), [0, 2, 3]);
    assert!(error(text, XY).contains("data.missing = [\"*\"]"));
    let spec = format!("{XY}\nmissing = 1\ncovariates.g.along = 'y'");
    assert!(error(text.replace('*', "3"), &spec).contains("it is missing everywhere"));
}

#[test]
fn names_that_look_like_numbers_are_names() {
    let text = "site,z\n00123,1\n123,2\n";
    let data = read(text, "response = 'z'\naxes = ['site']");
    assert_eq!(labels(&data, 0, 0), ["00123", "123"]);
    let message = error(text, "response = 'z'\naxes.site = { labels = false }");
    assert!(message.contains("lines 2 and 3 are both for site = 123"), "{message}");
    let text = "site,z\n1E1,1\n10,2\n";
    assert!(error(text, "response = 'z'\naxes = ['site']").contains("line 3, column \"site\""));
    let data = read(text, "response = 'z'\naxes.site = { labels = true }");
    assert_eq!(labels(&data, 0, 0), ["1E1", "10"]);
    let text = "id,lon,z\n7,1.5,1\n8,2.5,2\n";
    let spec = "response = 'z'\naxes.s = { coordinates = ['id', 'lon'], labels = ['id'] }";
    let data = read(text, spec);
    assert_eq!((labels(&data, 0, 0)[1].as_str(), numbers(&data, 0, 1)), ("8", &[1.5, 2.5][..]));
    let country = |other: &str| format!("country,z\n{other},1\nNA,2\n");
    let data = read(&country("DE"), "response = 'z'\naxes = ['country']");
    assert_eq!(labels(&data, 0, 0), ["DE", "NA"]);
    let message = error(country("Germany"), "response = 'z'\naxes = ['country']");
    assert!(message.contains("line 3") && message.contains("labels = true"), "{message}");
    let spec = "response = 'z'\naxes.country = { labels = true }";
    assert_eq!(labels(&read(&country("Germany"), spec), 0, 0)[1], "NA");
    // A column that only chooses rows may hold anything.
    let text = "kind,x,z\nNA,0,1\n1/2/2019,0,3\n";
    assert_eq!(read(text, "response = 'z'\naxes = ['x']\nsel.kind = 'NA'").response.values, [1.0]);
}

/// The day of each row of a table with this column of dates.
fn days(column: impl Iterator<Item = String>, axis: &str) -> Result<Vec<f64>, String> {
    let rows: String = column.enumerate().map(|(i, date)| format!("{date};{i}\n")).collect();
    let case = Case::new(format!("date;t\n{rows}"));
    let data = case.read(&format!("response = 't'\naxes.date = {axis}"));
    let data = data.map_err(|e| e.to_string())?;
    assert!(data.response.values.is_sorted(), "in the order of time");
    let c = &data.grid.axes()[0].coordinates()[0];
    assert_eq!(c.units.as_deref(), Some("days since 1970-01-01"));
    Ok(numbers(&data, 0, 0).to_vec())
}

#[test]
fn case_03_dates_that_are_not_iso() {
    let days_of = |date: fn(u32, u32) -> String| {
        let all = (1..5).flat_map(move |m| (1..29).map(move |d| date(m, d)));
        days(all, "'date'").unwrap()
    };
    let iso = days_of(|m, d| format!("2019-{m:02}-{d:02}"));
    assert_eq!((iso[0], iso[28] - iso[27]), (17897.0, 4.0));
    assert_eq!(days_of(|m, d| format!("{d:02}.{m:02}.2019")), iso);
    assert_eq!(days_of(|m, d| format!("{m}/{d}/2019")), iso);
    assert_eq!(days_of(|m, d| format!("2019/{m}/{d}")), iso);
    let months = (2000..2005).flat_map(|y| (1..13).map(move |m| format!("{y}-{m:02}")));
    assert_eq!(days(months, "'date'").unwrap()[..3], [10957.0, 10988.0, 11017.0]);
    // The hours of the night in which summer time begins: evenly spaced in UTC.
    let zones = [(30, 23, 1), (31, 0, 1), (31, 1, 1), (31, 3, 2), (31, 4, 2)];
    let night = |(d, h, zone): (u32, u32, u32)| format!("2019-03-{d} {h:02}:00:00+0{zone}:00");
    let utc = days(zones.into_iter().map(night), "'date'").unwrap();
    assert_eq!(
        utc,
        days(
            (0..5).map(|h| match h {
                0 | 1 => format!("2019-03-30T{}:00Z", 22 + h),
                _ => format!("2019-03-31T0{}:00Z", h - 2),
            }),
            "'date'"
        )
        .unwrap()
    );
    // Summer time from midnight on gives the last hour of the day before once more.
    let twice = [(30, 22, 1), (30, 23, 1), (31, 0, 2)].into_iter().map(night);
    assert!(days(twice, "'date'").unwrap_err().contains("lines 3 and 4 are both for"));
    let wrf = days((0..3).map(|h| format!("2005-08-28_{h:02}:00:00")), "'date'").unwrap();
    assert_eq!(wrf, [13023.0, 13023.0 + 1.0 / 24.0, 13023.0 + 2.0 / 24.0]);
    // What the column does not tell, the model says; and nothing becomes labels.
    let english = || (1..13).map(|d| format!("{d:02}/04/2019"));
    assert!(days(english(), "'date'").unwrap_err().contains("line 2, column \"date\": is"));
    let stated = days(english(), "{ format = '%d/%m/%Y' }").unwrap();
    assert_eq!((stated[0], stated[11]), (17987.0, 17998.0));
    let short = || (1..29).map(|d| format!("{d:02}/04/19"));
    assert!(days(short(), "'date'").unwrap_err().contains("format = \"%d.%m.%y\""));
    assert_eq!(days(short(), "{ format = '%d/%m/%y' }").unwrap()[0], 17987.0);
    let e = days(short(), "{ format = '%d/%m/%Y' }").unwrap_err();
    assert!(e.contains("line 2") && e.contains("not a date in the stated format"), "{e}");
    assert!(days(short(), "{ format = '%d/%q' }").unwrap_err().contains("data.axes.date: format"));
}

#[test]
fn case_04_dates_written_as_whole_numbers() {
    let dates = || (1..5).flat_map(|m| (1..29).map(move |d| format!("2019{m:02}{d:02}")));
    let stated = days(dates(), "{ format = '%Y%m%d' }").unwrap();
    assert_eq!(stated[28] - stated[27], 4.0);
    let months = || (2000..2005).flat_map(|y| (1..13).map(move |m| format!("{y}{m:02}")));
    assert_eq!(days(months(), "{ format = '%Y%m' }").unwrap()[12], 11323.0);
    // Not asked for, they are numbers; `gridgp_fit::doubts` asks.
    let rows: String = dates().map(|d| format!("{d},1\n")).collect();
    let data = read(&format!("date,t\n{rows}"), "response = 't'\naxes = ['date']");
    assert_eq!(numbers(&data, 0, 0)[0], 20190101.0);
    assert!(gridgp_fit::doubts(&data, &[])[0].contains("format = \"%Y%m%d\""));
}

#[test]
fn case_06_sentinels() {
    for (code, spec) in [
        ("-99.9", "missing = -99.9"),
        ("#N/A", ""),
        ("-", ""),
        ("<NA>", ""),
        ("-", "missing = '-'"),
    ] {
        let value = |i: usize| if i % 24 > 17 { code.into() } else { format!("{}", 10 + i % 5) };
        let rows: String =
            (0..48).map(|i| format!("{},{},{}\n", i / 12, i % 12, value(i))).collect();
        let read = |spec: &str| {
            read(
                &format!("year,month,t\n{rows}"),
                &format!("response = 't'\naxes = ['year', 'month']\n{spec}"),
            )
        };
        let data = read(spec);
        assert_eq!(data.response.missing_cells().len(), 12, "{code}");
        assert_eq!(gridgp_fit::doubts(&data, &[]), [""; 0], "{code}");
        if code == "-99.9" {
            let doubts = gridgp_fit::doubts(&read(""), &[]);
            assert!(doubts[0].contains("-99.9 in 12 places"), "{doubts:?}");
        }
    }
}

#[test]
fn an_axis_of_stations_keeps_the_order_of_appearance() {
    let text = "name,lon,lat,year,z\nPorto,-8.6,41.1,2000,1\nLisboa,-9.1,38.7,2000,2\n\
                Porto,-8.6,41.1,1999,3\nLisboa,-9.1,38.7,1999,4\n";
    let spec = "response = 'z'\naxes.station = ['lon', 'lat', 'name']\naxes.year = 'year'";
    let data = read(text, spec);
    assert_eq!(numbers(&data, 0, 0), [-8.6, -9.1]);
    assert_eq!(labels(&data, 0, 2), ["Porto", "Lisboa"]);
    assert_eq!(numbers(&data, 1, 0), [1999.0, 2000.0]);
    assert_eq!(data.response.values, [3.0, 1.0, 4.0, 2.0]);
}

#[test]
fn dates_become_days() {
    let text = "day,z\n2019-03-02,2\n2019-03-01,1\n2019-03-02T12:00:00,3\n";
    let data = read(text, "response = 'z'\naxes = ['day']");
    assert_eq!(numbers(&data, 0, 0), [17956.0, 17957.0, 17957.5]);
    let c = &data.grid.axes()[0].coordinates()[0];
    assert_eq!(c.units.as_deref(), Some("days since 1970-01-01"));
    assert_eq!(c.calendar.as_deref(), Some("standard"));
    let data = read(text, "response = 'z'\naxes.day = { units = 'hours' }\nsel.day = '2019-03-02'");
    assert_eq!(numbers(&data, 0, 0), [17957.0 * 24.0, 17957.5 * 24.0]);
}

#[test]
fn covariates_on_some_axes() {
    let text = "x,y,z,g,h\n0,1,1,5,1\n0,2,2,7,2\n1,1,3,5,3\n1,2,4,7,4\n";
    let spec = "response = 'z'\naxes = ['x', 'y']\ncovariates.g = { along = 'y', center = true }\n\
                covariates.k = { variable = 'h', standardize = true }\n\
                covariates.t = { variable = 'y' }";
    let case = Case::new(text);
    let (data, scalings) =
        gridgp_io::read_with_scalings(&case.path(), &toml::from_str(spec).unwrap()).unwrap();
    let g = data.covariate("g").unwrap();
    assert_eq!((g.axes.as_slice(), g.values.as_slice()), (&[1][..], &[-1.0, 1.0][..]));
    assert_eq!((scalings[0].center, scalings[0].scale), (6.0, 1.0));
    let k = data.covariate("k").unwrap();
    assert_eq!(k.axes, [0, 1]);
    approx::assert_relative_eq!(k.values[3], 1.5 / 1.25f64.sqrt(), max_relative = 1e-14);
    assert_eq!(data.covariate("t").unwrap().axes, [1]);
    assert_eq!(data.covariate("t").unwrap().values, [1.0, 2.0]);
}

#[test]
fn selections_narrow_the_grid() {
    let text = "m,x,y,z\na,0,1,1\na,0,2,2\na,1,1,3\na,1,2,4\na,2,1,5\na,2,2,6\nb,0,1,9\nb,7,2,9\n";
    let select = |s: &str| read(text, &format!("{XY}\nsel.m = 'a'\n{s}"));
    assert_eq!(select("").grid.shape(), [3, 2]);
    assert_eq!(select("sel.x = { from = 1 }").response.values, [3.0, 4.0, 5.0, 6.0]);
    assert_eq!(select("sel.x = { to = 1.0000000001 }").response.values, [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(select("sel.x = [2, 0]\nsel.y = 2").response.values, [2.0, 6.0]);
    assert_eq!(select("isel.x = { from = 0, to = 3, step = 2 }").grid.shape(), [2, 2]);
    assert_eq!(select("isel.y = 1").response.values, [2.0, 4.0, 6.0]);
    let bad = |s: &str| error(text, &format!("{XY}\nsel.m = 'a'\n{s}"));
    let message = bad("sel.x = 1.5");
    assert!(message.contains("data.sel.x: there is no value 1.5"), "{message}");
    assert!(message.contains("from 0 to 2"), "{message}");
    assert!(bad("sel.x = '2019-03-01'").contains("holds numbers"));
    assert!(bad("sel.x = { from = 2, to = 1 }").contains("swap"));
    assert!(bad("sel.x = { from = 5 }").contains("no value lies in this range"));
    assert!(bad("isel.x = 3").contains("0 to 2"));
    assert!(bad("isel.x = { step = 0 }").contains("at least 1"));
    assert!(bad("sel.nn = 3").contains("no column \"nn\""));
    let message = error(text, &format!("{XY}\nsel.m = 'c'"));
    assert!(message.contains("there is no value \"c\"; there are \"a\", \"b\""), "{message}");
}

#[test]
fn a_wrong_column_gets_a_suggestion() {
    let message = error("x,y,tmax\n0,0,1\n", "response = 'tmx'\naxes = ['x', 'y']");
    assert!(message.contains("no column \"tmx\"; did you mean \"tmax\"?"), "{message}");
    let message = error("x,y,z,g\n0,0,1,1\n", &format!("{XY}\ncovariates.g = {{ along = 'yy' }}"));
    assert!(message.contains("no axis \"yy\"; did you mean \"y\""), "{message}");
    let message = error("x,y,z,z\n0,0,1,1\n", XY);
    assert!(message.contains("columns 3 and 4"), "{message}");
}

#[test]
fn a_duplicate_names_both_lines() {
    let message = error("x,y,z\n0,0,1\n0,1,2\n0,0.0,3\n", XY);
    assert!(message.contains("lines 2 and 4"), "{message}");
    assert!(message.contains("x = 0, y = 0"), "{message}");
}

#[test]
fn a_ragged_table_is_refused_before_anything_is_allocated() {
    let mut text = String::from("a,b,c,d,z\n");
    for i in 0..100_000 {
        text += &format!("{i},{i},{i},{i},1\n");
    }
    let message = error(&text, "response = 'z'\naxes = ['a', 'b', 'c', 'd']");
    assert!(message.contains("ragged"), "{message}");
    assert!(message.contains("more cells than can be counted"), "{message}");
    let message = error("x,y,z\n0,1,1\n1,2,1\n2,3,1\n", XY);
    assert!(message.contains("3 rows for 9 cells (x 3 points × y 3 points)"), "{message}");
}

#[test]
fn text_in_place_of_numbers_is_located() {
    let message = error("x,y,z\n0,0,1\n0,1,abc\n", XY);
    assert!(message.contains("line 3, column \"z\": \"abc\" is not a number"), "{message}");
    let message = error("x,y,z\n0,0,1\n0,1,\"1,234.5\"\n", XY);
    assert!(message.contains("line 3") && message.contains("separators of thousands"), "{message}");
    assert!(error("x,y,z\n0,0,inf\n", XY).contains("not finite"));
    assert!(error("x,y,z\n0,0,1\n0,1\n", XY).contains("line 3 has 2 fields"));
    assert!(error(b"x,y,z\n0,0,\xff\n", XY).contains("not UTF-8"));
    assert!(error(b"\xff\xfex\0,\0y\0", XY).contains("UTF-16"));
}

#[test]
fn coordinates_must_be_there_and_finite() {
    let message = error("x,y,z\n0,0,1\n0,,2\n", XY);
    assert!(message.contains("line 3, column \"y\": the coordinate is empty"), "{message}");
    for bad in ["NaN", "inf", "-inf", "NA"] {
        let message = error(format!("x,y,z\n0,0,1\n0,{bad},2\n"), XY);
        assert!(message.contains("line 3, column \"y\""), "{message}");
    }
    let mut text = String::from("x,y,z\n");
    (0..20).for_each(|i| text += &format!("0,{i},1\n"));
    text += "0,2O,1\n";
    let message = error(&text, XY);
    assert!(message.contains("line 22, column \"y\": \"2O\" is not a number"), "{message}");
}

#[test]
fn covariates_must_agree_and_be_known() {
    let spec = format!("{XY}\ncovariates.g.along = 'y'");
    let message = error("x,y,z,g\n0,0,1,5\n0,1,1,6\n1,0,1,7\n1,1,1,6\n", &spec);
    assert!(message.contains("5 on line 2 and 7 on line 4"), "{message}");
    let message = error("x,y,z,g\n0,0,1,5\n0,1,1,\n", &spec);
    assert!(message.contains("\"g\" is missing at x = 0, y = 1"), "{message}");
    let spec = format!("{XY}\ncovariates.g = {{ along = 'y', standardize = true }}");
    let message = error("x,y,z,g\n0,0,1,5\n0,1,1,5\n", &spec);
    assert!(message.contains("no standard deviation"), "{message}");
}

#[test]
fn files_that_are_no_table() {
    assert!(error("", XY).contains("the file is empty"));
    assert!(error("x,y,z\n", XY).contains("no rows"));
    assert!(error("x,y,z\n0,0,\n0,1,NA\n", XY).contains("nothing to fit"));
    assert!(error("x,y,z\n0,0,\0\n", XY).contains("zero bytes"));
    let open = format!("# x\nx,\"y,z\n{}", "0,0,1\n".repeat(300_000));
    assert!(error(open, XY).contains("a quote in the header, line 2, is not closed"));
    let spec: DataSpec = toml::from_str(XY).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let message = gridgp_io::read(folder.path(), &spec).unwrap_err().to_string();
    assert!(message.contains("is a folder"), "{message}");
    let message = gridgp_io::read(&folder.path().join("no.csv"), &spec).unwrap_err().to_string();
    assert!(message.contains("no.csv") && message.contains("check the path"), "{message}");
    let parquet = folder.path().join("data.parquet");
    std::fs::write(&parquet, "PAR1").unwrap();
    let message = gridgp_io::read(&parquet, &spec).unwrap_err().to_string();
    assert!(message.contains("neither NetCDF nor called .csv"), "{message}");
}

/// Numbers that mean one point make one, on every axis and in any order of the rows.
#[test]
fn coordinates_that_differ_by_rounding_are_one_point() {
    let third = 0.1 + 0.2;
    assert_ne!(third.to_string(), "0.3");
    for x in [["0.3", "0.30000000000000004"], ["0.30000000000000004", "0.3"]] {
        let text = format!("x,y,z\n0,0,1\n0,1,2\n{},0,3\n{},1,4\n", x[0], x[1]);
        let data = read(&text, XY);
        assert_eq!(numbers(&data, 0, 0), [0.0, 0.3], "{x:?}");
        assert_eq!(data.response.values, [1.0, 2.0, 3.0, 4.0]);
        // A covariate along that axis is one there, too.
        let text = format!("x,y,z,w\n0,0,1,5\n0,1,2,5\n{},0,3,6\n{},1,4,7\n", x[0], x[1]);
        let spec = format!("{XY}\ncovariates.w = {{ along = 'x' }}");
        assert!(error(&text, &spec).contains("both for x = 0.3"));
        // The cell is there twice.
        let text = format!("x,y,z\n0,0,1\n{},0,3\n{},0,4\n", x[0], x[1]);
        assert!(error(&text, XY).contains("are both for x = 0.3, y = 0"));
        // Of an axis with several coordinates.
        let text = format!("x,h,y,z\n0,0,0,1\n0,0,1,2\n{},5,0,3\n{},5,1,4\n", x[0], x[1]);
        let data = read(&text, "response = 'z'\naxes = { s = ['x', 'h'], y = 'y' }");
        assert_eq!(data.grid.shape(), [2, 2]);
        // A selection finds both.
        let text = format!("x,y,z\n0,0,1\n0,1,2\n{},0,3\n{},1,4\n", x[0], x[1]);
        assert_eq!(read(&text, &format!("{XY}\nsel.x = 0.3")).grid.shape(), [1, 2]);
    }
    // Sums of steps, as programs write them; what is apart stays apart.
    let steps: Vec<f64> = (0..50).scan(0.0, |x, _| Some(std::mem::replace(x, *x + 0.1))).collect();
    let row = |(i, x): (usize, &f64)| format!("{x},0,{i}\n{},1,{i}\n", i as f64 / 10.0);
    let rows: String = steps.iter().enumerate().map(row).collect();
    assert_eq!(read(&format!("x,y,z\n{rows}"), XY).grid.shape(), [50, 2]);
    let apart = "x,y,z\n1,0,1\n1.000000001,0,2\n1,1,3\n1.000000001,1,4\n";
    assert_eq!(read(apart, XY).grid.shape(), [2, 2]);
}

/// The line of a mistake, however lines end and whatever stands above it.
#[test]
fn lines_are_counted_as_an_editor_does() {
    for end in ["\n", "\r\n", "\r"] {
        for mark in ["", "\u{feff}"] {
            for last in ["", end] {
                // The last line is wrong; its number is that of the line.
                for (lines, line) in [
                    (&["x,y,z", "0,0,1", "0,1,a"][..], 3),
                    (&["# about", "", "x,y,z", "0,0,1", "0,1,a"], 5),
                    (&["x,y,z", "0,0,1", "", "", "0,1,a"], 5),
                    (&["x,\"y\nEND\",z", "0,0,1", "0,1,a"], 4),
                    (&["x,y,z,\"note\"", "0,0,1,\"END\"", "0,1,a,"], 4),
                    (&["x,y,z,n", "0,0,1,\"ENDEND\"", "0,2,1,", "0,1,a,\"END\""], 6),
                    (&["x,y,z", "0,0,1", "0,1,2,3"], 3),
                    (&["x,y,z", "0,0,1", "0,,2"], 3),
                ] {
                    let text = format!("{mark}{}{last}", lines.join(end)).replace("\nEND", end);
                    let text = text.replace("END", end);
                    let y = if lines[0].contains("END") { format!("y{end}") } else { "y".into() };
                    let spec = format!("response = 'z'\naxes = ['x', {:?}]", y.trim());
                    let message = error(&text, &spec);
                    assert!(message.contains(&format!("line {line}")), "{text:?}: {message}");
                }
            }
        }
    }
}

#[test]
fn another_minus_is_named() {
    let minus = "not the minus of numbers; write -";
    assert!(error("x,y,z\n0,0,1\n0,1,\u{2212}5\n", XY).contains(minus));
    assert!(error("x,y,z\n0,0,1\n\u{2212}5,0,1\n", XY).contains(minus));
    assert!(error("x,y,z\n0,0,1\n0,\u{2013}5,1\n", XY).contains(minus));
}

#[test]
fn dates_are_selected_in_every_form_of_a_table() {
    let rows: String = (1..=31).map(|d| format!("2020-03-{d:02},{d}\n")).collect();
    let select = |sel: &str| {
        let spec = format!("response = 'z'\naxes = ['date']\n{sel}");
        Case::new(format!("date,z\n{rows}")).read(&spec).map(|d| d.response.values)
    };
    for sel in [
        "sel.date = '2020-03-05'",
        "sel.date = '5 Mar 2020'",
        "sel.date = '2020/3/5'",
        "sel.date = ['March 5, 2020']",
        "sel.date = { from = '2020.03.05', to = '5 Mar 2020' }",
        "sel.date = 18326",
    ] {
        assert_eq!(select(sel).unwrap(), [5.0], "{sel}");
    }
    assert_eq!(select("sel.date = 'Mar 2020'").unwrap().len(), 31);
    assert_eq!(select("sel.date = '2020Q1'").unwrap().len(), 31);
    assert!(select("sel.date = '05/03/2020'").unwrap_err().to_string().contains("month and day?"));
    let spec = "response = 'z'\naxes.date = { format = '%d/%m/%y' }\nsel.date = '02/03/20'";
    let data = read("date,z\n01/03/20,1\n02/03/20,2\n", spec);
    assert_eq!(data.response.values, [2.0]);
}

#[test]
fn columns_without_a_name_are_not_guessed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("d.csv");
    for (header, axis) in [(",t,y", "t"), ("t,y, ", "t"), ("time,y,", "time")] {
        let rows = (0..9).map(|i| format!("{i},{}.5,{}\n", i * i, 10 + i));
        std::fs::write(&file, format!("{header}\n{}", rows.collect::<String>())).unwrap();
        let guess = gridgp_io::summarize(&file, None).unwrap().guess.unwrap();
        assert_eq!((guess.response.as_str(), guess.axes[0].name.as_str()), ("y", axis), "{header}");
    }
}
