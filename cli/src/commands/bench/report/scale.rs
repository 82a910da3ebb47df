//! Axes: where a value lies and where the ticks are.

/// From values to coordinates.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Least and greatest value.
    pub values: (f64, f64),
    /// Their coordinates.
    pub at: (f64, f64),
    /// Whether equal factors are equal lengths.
    pub logarithmic: bool,
}

impl Scale {
    /// The coordinate of a value.
    pub fn place(&self, value: f64) -> f64 {
        let measure = |value: f64| if self.logarithmic { value.ln() } else { value };
        let (low, high) = (measure(self.values.0), measure(self.values.1));
        let share = (measure(value) - low) / (high - low);
        self.at.0 + share * (self.at.1 - self.at.0)
    }
}

/// Least and greatest of some values; `None` if there are none.
pub fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().fold(None, |extent, value| match extent {
        None => Some((value, value)),
        Some((low, high)) => Some((value.min(low), value.max(high))),
    })
}

/// At most this many labels stand on an axis of values.
const MAX_TICKS: usize = 8;

/// At most this many powers of two, which are short.
const MAX_POWERS: usize = 11;

/// Powers of two in a range, every so many.
pub fn powers_of_two((low, high): (f64, f64)) -> Vec<i32> {
    // A power at the very end must not fall to rounding.
    let (first, last) = (
        (low.log2() - 1e-9).ceil() as i32,
        (high.log2() + 1e-9).floor() as i32,
    );
    let count = (last - first + 1).max(0) as usize;
    (first..=last)
        .step_by(count.div_ceil(MAX_POWERS).max(1))
        .collect()
}

/// Round values in a range that spans factors: as many digits of each decade as there is room for,
/// or one digit of every so many decades. The range is positive.
pub fn logarithmic_ticks((low, high): (f64, f64)) -> Vec<f64> {
    assert!(low > 0.0, "a logarithmic axis has no {low}");
    let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
    let with_digits = |digits: &[f64]| {
        let powers = decades.clone().map(|decade| 10f64.powi(decade));
        let ticks = powers.flat_map(|power| digits.iter().map(move |digit| digit * power));
        let inside = ticks.filter(|tick| (low..=high).contains(tick));
        inside.collect::<Vec<_>>()
    };
    const ALL_DIGITS: [f64; 9] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
    for digits in [&ALL_DIGITS[..], &[1.0, 2.0, 3.0, 5.0], &[1.0, 2.0, 5.0]] {
        let ticks = with_digits(digits);
        if ticks.len() <= MAX_TICKS {
            return ticks;
        }
    }
    let powers = with_digits(&[1.0]);
    let step = powers.len().div_ceil(MAX_TICKS);
    powers.into_iter().step_by(step).collect()
}

/// Multiples from 0 of a round step up to the first that is not less than `high`.
pub fn linear_ticks(high: f64) -> Vec<f64> {
    let rough = high / (MAX_TICKS - 1) as f64;
    let power = 10f64.powi(rough.log10().floor() as i32);
    let steps = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power);
    let step = steps
        .into_iter()
        .find(|step| *step >= rough)
        .unwrap_or(rough);
    let count = (high / step - 1e-9).ceil() as usize;
    (0..=count).map(|tick| tick as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lie_between_the_ends() {
        let scale = |logarithmic, values| Scale {
            values,
            at: (100.0, 0.0),
            logarithmic,
        };
        let linear = scale(false, (0.0, 4.0));
        assert_eq!(
            [0.0, 1.0, 4.0].map(|value| linear.place(value)),
            [100.0, 75.0, 0.0]
        );
        let logarithmic = scale(true, (1.0, 16.0));
        assert!((logarithmic.place(4.0) - 50.0).abs() < 1e-9);
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(powers_of_two((1.0, 8.0)), [0, 1, 2, 3]);
        assert_eq!(powers_of_two((3.0, 1000.0)), [2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(powers_of_two((1.0, 2048.0)), [0, 2, 4, 6, 8, 10]);
        assert_eq!(logarithmic_ticks((2.5, 7.5)), [3.0, 4.0, 5.0, 6.0, 7.0]);
        assert_eq!(
            logarithmic_ticks((0.9, 30.0)),
            [1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0]
        );
        assert_eq!(
            logarithmic_ticks((0.9, 110.0)),
            [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]
        );
        assert_eq!(logarithmic_ticks((0.5, 2e3)), [1.0, 10.0, 100.0, 1000.0]);
        assert!(logarithmic_ticks((1e-9, 1e9)).len() <= MAX_TICKS);
        assert_eq!(linear_ticks(6.4), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        assert_eq!(
            linear_ticks(0.03),
            [0.0, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03]
        );
        assert_eq!(linear_ticks(100.0).last(), Some(&100.0));
    }

    #[test]
    fn extents_of_few_values() {
        assert_eq!(extent([]), None);
        assert_eq!(extent([2.0]), Some((2.0, 2.0)));
        assert_eq!(extent([2.0, 1.0, 3.0]), Some((1.0, 3.0)));
    }
}
