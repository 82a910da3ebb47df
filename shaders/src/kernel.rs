//! The entry points: their names, bindings, parameters and sizes, as the host sees them.
//!
//! This is the mirror of what stands in `wgsl/`; the build script parses every shader and refuses to
//! build unless entry point, bindings, strides and parameter blocks are those of this file.

/// The group in which points live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Curve {
    /// Coordinates in Fq.
    G1,
    /// Coordinates in Fq2.
    G2,
}

impl Curve {
    /// Both groups.
    pub const ALL: [Self; 2] = [Self::G1, Self::G2];

    /// 32-bit words of a coordinate.
    #[must_use]
    pub const fn coordinate_words(self) -> usize {
        match self {
            Self::G1 => 8,
            Self::G2 => 16,
        }
    }

    /// 32-bit words of an affine point (x, y); infinity is all zeros, which is on neither curve.
    #[must_use]
    pub const fn affine_words(self) -> usize {
        2 * self.coordinate_words()
    }

    /// 32-bit words of a point (X, Y, ZZ, ZZZ) with x = X/ZZ, y = Y/ZZZ; infinity has ZZ = 0.
    #[must_use]
    pub const fn xyzz_words(self) -> usize {
        4 * self.coordinate_words()
    }
}

/// An entry point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kernel {
    /// Times a chain of multiplications; chooses the layout.
    Probe,
    /// Affine points from arkworks' form to the layout's.
    ConvertPoints(Curve),
    /// Signed digits of scalars, and how many fall into each bucket.
    Digits,
    /// Prefix sums inside blocks.
    ScanBlocks,
    /// Adds the blocks' own prefix sums.
    ScanAdd,
    /// Entries to their places in bucket order.
    Scatter,
    /// Sums of runs in equal slices of the sorted entries.
    Accumulate(Curve),
    /// Sums of runs of partial sums.
    Combine(Curve),
    /// Weighted sums of buckets, a level at a time.
    Reduce(Curve),
    /// One pass of a transform; after the last one the values are in natural order.
    Ntt,
    /// `v_i ← v_i·g^i`.
    ScalePowers,
    /// `u_i ← v_i·w_i/R`.
    Multiply,
    /// `v_i ← v_i − w_i`.
    Subtract,
}

/// How a shader uses a storage buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads only.
    Read,
    /// Reads and writes.
    ReadWrite,
}

/// A storage buffer of an entry point, at the binding of its place in the list; the parameters are a
/// uniform buffer at the binding after the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The variable's name in the shader.
    pub name: &'static str,
    /// How it is used.
    pub access: Access,
    /// Bytes from one element to the next.
    pub stride: u32,
}

const fn read(name: &'static str, stride: u32) -> Binding {
    Binding {
        name,
        access: Access::Read,
        stride,
    }
}

const fn write(name: &'static str, stride: u32) -> Binding {
    Binding {
        name,
        access: Access::ReadWrite,
        stride,
    }
}

/// log₂ of the elements of a tile of [`Kernel::Ntt`] in workgroup memory: 2^9 elements of 32 bytes are the
/// 16 KiB that every WebGPU adapter has.
pub const NTT_TILE_LOG: u32 = 9;

/// Counts that one workgroup of [`Kernel::ScanBlocks`] adds up.
pub const SCAN_BLOCK: u32 = 1024;

impl Kernel {
    /// All entry points.
    pub const ALL: [Self; 17] = [
        Self::Probe,
        Self::ConvertPoints(Curve::G1),
        Self::ConvertPoints(Curve::G2),
        Self::Digits,
        Self::ScanBlocks,
        Self::ScanAdd,
        Self::Scatter,
        Self::Accumulate(Curve::G1),
        Self::Accumulate(Curve::G2),
        Self::Combine(Curve::G1),
        Self::Combine(Curve::G2),
        Self::Reduce(Curve::G1),
        Self::Reduce(Curve::G2),
        Self::Ntt,
        Self::ScalePowers,
        Self::Multiply,
        Self::Subtract,
    ];

    /// Name of the entry point, of its file in `wgsl/` and of its twin.
    #[must_use]
    pub const fn entry_point(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::ConvertPoints(_) => "convert_points",
            Self::Digits => "digits",
            Self::ScanBlocks => "scan_blocks",
            Self::ScanAdd => "scan_add",
            Self::Scatter => "scatter",
            Self::Accumulate(_) => "accumulate",
            Self::Combine(_) => "combine",
            Self::Reduce(_) => "reduce",
            Self::Ntt => "ntt",
            Self::ScalePowers => "scale_powers",
            Self::Multiply => "multiply",
            Self::Subtract => "subtract",
        }
    }

    /// The group, for entry points that exist once for each.
    #[must_use]
    pub const fn curve(self) -> Option<Curve> {
        match self {
            Self::ConvertPoints(curve)
            | Self::Accumulate(curve)
            | Self::Combine(curve)
            | Self::Reduce(curve) => Some(curve),
            _ => None,
        }
    }

    /// Unique name, as in `accumulate_g2`.
    #[must_use]
    pub fn name(self) -> String {
        let entry_point = self.entry_point();
        match self.curve() {
            None => entry_point.to_owned(),
            Some(Curve::G1) => format!("{entry_point}_g1"),
            Some(Curve::G2) => format!("{entry_point}_g2"),
        }
    }

    /// Whether the shader holds field elements in registers, and so exists once for each layout.
    #[must_use]
    pub const fn has_layout(self) -> bool {
        !matches!(self, Self::ScanBlocks | Self::ScanAdd | Self::Scatter)
    }

    /// Invocations of a workgroup.
    #[must_use]
    pub const fn workgroup_size(self) -> u32 {
        match self {
            Self::Ntt => 1 << (NTT_TILE_LOG - 2),
            Self::Digits | Self::ScanBlocks | Self::ScanAdd | Self::Scatter => 256,
            _ => 64,
        }
    }

    /// Storage buffers in the order of their bindings.
    #[must_use]
    pub const fn bindings(self) -> &'static [Binding] {
        match self {
            Self::Probe => &const { [write("values", 32)] },
            Self::ConvertPoints(Curve::G1) => &const { [write("points", 64)] },
            Self::ConvertPoints(Curve::G2) => &const { [write("points", 128)] },
            Self::Digits => {
                &const {
                    [
                        read("scalars", 32),
                        write("counts", 4),
                        write("digit_list", 8),
                    ]
                }
            }
            Self::ScanBlocks => {
                &const { [read("counts", 4), write("offsets", 4), write("totals", 4)] }
            }
            Self::ScanAdd => &const { [write("offsets", 4), read("block_offsets", 4)] },
            Self::Scatter => {
                &const {
                    [
                        read("digit_list", 8),
                        read("offsets", 4),
                        write("sorted", 8),
                    ]
                }
            }
            Self::Accumulate(Curve::G1) => {
                &const {
                    [
                        read("sorted", 8),
                        read("offsets", 4),
                        read("points", 64),
                        write("buckets", 128),
                        write("partial_buckets", 4),
                        write("partials", 128),
                    ]
                }
            }
            Self::Accumulate(Curve::G2) => {
                &const {
                    [
                        read("sorted", 8),
                        read("offsets", 4),
                        read("points", 128),
                        write("buckets", 256),
                        write("partial_buckets", 4),
                        write("partials", 256),
                    ]
                }
            }
            Self::Combine(Curve::G1) => {
                &const {
                    [
                        read("in_buckets", 4),
                        read("in_partials", 128),
                        write("buckets", 128),
                        write("out_buckets", 4),
                        write("out_partials", 128),
                    ]
                }
            }
            Self::Combine(Curve::G2) => {
                &const {
                    [
                        read("in_buckets", 4),
                        read("in_partials", 256),
                        write("buckets", 256),
                        write("out_buckets", 4),
                        write("out_partials", 256),
                    ]
                }
            }
            Self::Reduce(Curve::G1) => {
                &const { [read("in_points", 128), write("out_points", 128)] }
            }
            Self::Reduce(Curve::G2) => {
                &const { [read("in_points", 256), write("out_points", 256)] }
            }
            Self::Ntt => {
                &const {
                    [
                        read("in_values", 32),
                        write("out_values", 32),
                        read("tile_roots", 32),
                        read("low_factors", 32),
                        read("high_factors", 32),
                    ]
                }
            }
            Self::ScalePowers => {
                &const {
                    [
                        write("values", 32),
                        read("low_powers", 32),
                        read("high_powers", 32),
                    ]
                }
            }
            Self::Multiply => {
                &const {
                    [
                        read("values", 32),
                        read("others", 32),
                        write("products", 32),
                    ]
                }
            }
            Self::Subtract => &const { [write("values", 32), read("others", 32)] },
        }
    }

    /// Members of the parameter block: name and number of 32-bit words.
    #[must_use]
    pub const fn params(self) -> &'static [(&'static str, u32)] {
        use super::params;
        match self {
            Self::Probe => params::ProbeParams::MEMBERS,
            Self::ConvertPoints(_) => params::ConvertPointsParams::MEMBERS,
            Self::Digits => params::DigitsParams::MEMBERS,
            Self::ScanBlocks => params::ScanBlocksParams::MEMBERS,
            Self::ScanAdd => params::ScanAddParams::MEMBERS,
            Self::Scatter => params::ScatterParams::MEMBERS,
            Self::Accumulate(_) => params::AccumulateParams::MEMBERS,
            Self::Combine(_) => params::CombineParams::MEMBERS,
            Self::Reduce(_) => params::ReduceParams::MEMBERS,
            Self::Ntt => params::NttParams::MEMBERS,
            Self::ScalePowers => params::ScalePowersParams::MEMBERS,
            Self::Multiply | Self::Subtract => params::PointwiseParams::MEMBERS,
        }
    }
}
