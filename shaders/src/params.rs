//! The parameter blocks of the entry points: uniform buffers of 32-bit words.
//!
//! `base` is the first invocation of a dispatch: a long job is cut into several dispatches, each short
//! enough for a graphics driver's watchdog.

/// Declares parameter blocks and the list of their members that the build script compares with WGSL.
macro_rules! params {
    ($($(#[$doc:meta])* $name:ident { $($(#[$member_doc:meta])* $member:ident: $type:tt,)* })*) => {
        $(
            $(#[$doc])*
            #[repr(C)]
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub struct $name {
                $($(#[$member_doc])* pub $member: params!(@type $type),)*
            }

            impl $name {
                /// Members: name and number of 32-bit words.
                pub const MEMBERS: &'static [(&'static str, u32)] =
                    &[$((stringify!($member), params!(@words $type)),)*];

                /// The block as the shader reads it, padded to a multiple of 16 bytes.
                #[must_use]
                pub fn words(&self) -> Vec<u32> {
                    let mut words = Vec::with_capacity(16);
                    $(params!(@push words, self.$member, $type);)*
                    words.resize(words.len().next_multiple_of(4), 0);
                    words
                }

                /// The block from what [`Self::words`] gave.
                ///
                /// # Panics
                /// If there are fewer words.
                #[must_use]
                pub fn from_words(words: &[u32]) -> Self {
                    let mut words = words.iter().copied();
                    Self {
                        $($member: params!(@pull words, $type),)*
                    }
                }
            }
        )*
    };
    (@type u32) => { u32 };
    (@type vec4) => { [u32; 4] };
    (@words u32) => { 1 };
    (@words vec4) => { 4 };
    (@push $words:ident, $value:expr, u32) => { $words.push($value) };
    (@push $words:ident, $value:expr, vec4) => { $words.extend($value) };
    (@pull $words:ident, u32) => { $words.next().expect("a parameter block is whole") };
    (@pull $words:ident, vec4) => {
        std::array::from_fn(|_| $words.next().expect("a parameter block is whole"))
    };
}

params! {
    /// Parameters of `probe`.
    ProbeParams {
        /// Values.
        count: u32,
        /// Multiplications of each.
        rounds: u32,
    }

    /// Parameters of `convert_points`.
    ConvertPointsParams {
        /// First point of this dispatch.
        base: u32,
        /// Points in all.
        count: u32,
    }

    /// Parameters of `digits`.
    DigitsParams {
        /// `Σ 2^(c−1)·2^(c·w)` over all windows w but the last, low words.
        offset_low: vec4,
        /// High words of it.
        offset_high: vec4,
        /// Scalars.
        count: u32,
        /// c, bits of a window, 4 to 24.
        window_bits: u32,
        /// Windows.
        windows: u32,
        /// Entries of a window in `digit_list`, at least `count`.
        stride: u32,
    }

    /// Parameters of `scan_blocks`.
    ScanBlocksParams {
        /// Counts.
        count: u32,
    }

    /// Parameters of `scan_add`.
    ScanAddParams {
        /// Offsets.
        count: u32,
    }

    /// Parameters of `scatter`.
    ScatterParams {
        /// Scalars.
        count: u32,
        /// Windows.
        windows: u32,
        /// Entries of a window in `digit_list`.
        stride: u32,
    }

    /// Parameters of `accumulate`.
    AccumulateParams {
        /// First slice of this dispatch.
        base: u32,
        /// Slices in all.
        slices: u32,
        /// Entries of a slice.
        slice_len: u32,
        /// Index in `offsets` of the number of sorted entries.
        total: u32,
        /// Scalars below this have no point in `points`.
        first: u32,
        /// Scalars from here on have none.
        end: u32,
        /// The point of scalar i is at `i + shift` (wrapping).
        shift: u32,
    }

    /// Parameters of `combine`.
    CombineParams {
        /// First invocation of this dispatch.
        base: u32,
        /// Partial sums given.
        count: u32,
        /// Partial sums of an invocation.
        slice_len: u32,
        /// 1 if one invocation takes all.
        last: u32,
    }

    /// Parameters of `reduce`.
    ReduceParams {
        /// First invocation of this dispatch.
        base: u32,
        /// Arrays given: one of weighted sums, then plain ones.
        arrays: u32,
        /// Windows.
        windows: u32,
        /// log₂ of the points of an array in a window.
        log_width: u32,
        /// log₂ of the points that one invocation adds.
        log_fold: u32,
    }

    /// Parameters of `ntt`.
    NttParams {
        /// First invocation of this dispatch, a multiple of the workgroup's size.
        base: u32,
        /// log₂ n.
        log_n: u32,
        /// t, log₂ of the transforms of this pass, at most [`NTT_TILE_LOG`](crate::NTT_TILE_LOG).
        log_radix: u32,
        /// The sum of t over the passes before: this one finds 2^log_blocks blocks.
        log_blocks: u32,
        /// t of the passes before, four bits each, the first pass's lowest.
        digits: u32,
        /// 1: with the roots' inverses.
        inverse: u32,
        /// What the results are multiplied by: a code of [`NttFactors`].
        factors: u32,
        /// log₂ of the entries of `low_factors`.
        log_low: u32,
        /// log₂ of the entries that `low_factors` and `high_factors` stand for.
        log_order: u32,
    }

    /// Parameters of `scale_powers`.
    ScalePowersParams {
        /// First invocation of this dispatch.
        base: u32,
        /// Values.
        count: u32,
        /// log₂ of the entries of `low_powers`.
        log_low: u32,
    }

    /// Parameters of `multiply` and `subtract`.
    PointwiseParams {
        /// First invocation of this dispatch.
        base: u32,
        /// Values.
        count: u32,
    }
}

/// What a pass of a transform multiplies its results by. A table entry e is
/// `low_factors[e mod 2^log_low]·high_factors[e >> log_low]`.
///
/// With the tables of roots, of order 2^log_order, e is that of ω_m^(ck) for result k of column c in a
/// block of m values, or of its inverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum NttFactors {
    /// Nothing.
    None = 0,
    /// The root, all of whose entries stand in `high_factors`.
    Root = 1,
    /// The root.
    RootProduct = 2,
    /// The entry of the result's own index: a power of a coset's shift.
    Power = 3,
}
