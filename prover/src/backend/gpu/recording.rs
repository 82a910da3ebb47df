//! GPU work as a plain list of commands.
//!
//! Multiplications and transforms only *record* what is to be done; [`Executor::run`] does it. The list
//! can be inspected, and two executors carry it out: a wgpu device, and the shaders' CPU twins, so that
//! everything above this line is tested where there is no GPU.
//!
//! All sizes and offsets are in 32-bit words.

use ark_bn254::Fr;
use zkroll_shaders::{Kernel, Layout};

use super::error::GpuError;
use crate::observer::Cancellation;

/// What an executor can do at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Words of the largest view that a dispatch may bind, and of the largest buffer.
    pub binding_words: u64,
    /// The offset of a bound view is a multiple of this.
    pub offset_alignment: u64,
    /// Workgroups of a dispatch.
    pub workgroups: u32,
    /// Field multiplications that one dispatch may make, so that it stays far below a graphics driver's
    /// watchdog of two seconds.
    pub dispatch_work: u64,
}

impl Limits {
    /// How many invocations of `kernel` one dispatch may have if each makes `work` field
    /// multiplications: at least one workgroup's.
    #[must_use]
    pub fn invocations(&self, kernel: Kernel, work: u64) -> u32 {
        let size = u64::from(kernel.workgroup_size());
        let workgroups = self.dispatch_work / (work.max(1) * size);
        let workgroups = workgroups.clamp(1, u64::from(self.workgroups));
        u32::try_from(workgroups * size).unwrap_or(u32::MAX / 2)
    }
}

/// Carries out recordings.
pub trait Executor: Send + Sync {
    /// A buffer that outlives a recording; clones share it, and the last one frees it.
    type Buffer: Clone + PartialEq + Send + Sync + std::fmt::Debug;

    /// The layout of field elements in use.
    fn layout(&self) -> Layout;

    /// What a dispatch may bind.
    fn limits(&self) -> &Limits;

    /// A buffer of so many words for more than one recording; its content is undefined.
    ///
    /// # Errors
    /// If the device has no room.
    fn resident(&self, label: &'static str, words: u64) -> Result<Self::Buffer, GpuError>;

    /// Carries out the commands in order; what they read comes back in the order of the reads.
    ///
    /// # Errors
    /// If the device fails or the caller cancels; nothing is left running.
    fn run(
        &self,
        recording: Recording<'_, Self::Buffer>,
        cancellation: &Cancellation,
    ) -> Result<Vec<Vec<u32>>, GpuError>;
}

/// A buffer of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Buffer<B> {
    /// Lives for the recording; the index is that of [`Recording::temporaries`].
    Temporary(usize),
    /// Lives longer.
    Resident(B),
}

/// A part of a buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View<B> {
    /// The buffer.
    pub buffer: Buffer<B>,
    /// First word.
    pub offset: u64,
    /// Number of words, not zero.
    pub words: u64,
}

impl<B: Clone> View<B> {
    /// All of a resident buffer that has `words` words.
    pub const fn resident(buffer: B, words: u64) -> Self {
        Self {
            buffer: Buffer::Resident(buffer),
            offset: 0,
            words,
        }
    }

    /// `words` words from `offset` on, both relative to this view.
    ///
    /// # Panics
    /// If there are fewer.
    #[must_use]
    pub fn part(&self, offset: u64, words: u64) -> Self {
        assert!(
            offset + words <= self.words,
            "expected a part of {} words, got {offset} + {words}",
            self.words
        );
        Self {
            buffer: self.buffer.clone(),
            offset: self.offset + offset,
            words,
        }
    }
}

/// What is written to a buffer.
#[derive(Clone, Debug)]
pub enum Data<'a> {
    /// Words as they are.
    Words(Vec<u32>),
    /// Scalars in arkworks' Montgomery form, eight words each.
    Scalars(&'a [Fr]),
}

impl Data<'_> {
    /// Number of words.
    #[must_use]
    pub const fn words(&self) -> u64 {
        match self {
            Self::Words(words) => words.len() as u64,
            Self::Scalars(scalars) => 8 * scalars.len() as u64,
        }
    }
}

/// One command.
#[derive(Clone, Debug)]
pub enum Command<'a, B> {
    /// Host to device.
    Write {
        /// Where; as long as the data.
        to: View<B>,
        /// What.
        data: Data<'a>,
    },
    /// Zeros.
    Clear {
        /// Where.
        view: View<B>,
    },
    /// From one buffer to another.
    Copy {
        /// What.
        from: View<B>,
        /// Where; as long, in another buffer.
        to: View<B>,
    },
    /// Runs a kernel.
    Dispatch {
        /// Which.
        kernel: Kernel,
        /// Its parameter block.
        params: Vec<u32>,
        /// Its storage buffers in order. A view that is written overlaps no other view.
        views: Vec<View<B>>,
        /// At least so many invocations, in whole workgroups.
        invocations: u32,
        /// Field multiplications in all, about.
        work: u64,
    },
    /// Device to host.
    Read {
        /// What.
        from: View<B>,
    },
}

/// A buffer that lives for one recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Temporary {
    /// Its name in diagnostics.
    pub label: &'static str,
    /// Its size.
    pub words: u64,
}

/// A list of commands with the temporary buffers that they use. The content of a temporary is undefined
/// until something is written to it.
#[derive(Clone, Debug)]
pub struct Recording<'a, B> {
    /// Buffers that live as long as the recording.
    pub temporaries: Vec<Temporary>,
    /// What is to be done, in order.
    pub commands: Vec<Command<'a, B>>,
}

impl<B> Default for Recording<'_, B> {
    fn default() -> Self {
        Self {
            temporaries: Vec::new(),
            commands: Vec::new(),
        }
    }
}

impl<'a, B: Clone> Recording<'a, B> {
    /// A new temporary buffer.
    ///
    /// # Panics
    /// If it has no words.
    pub fn temporary(&mut self, label: &'static str, words: u64) -> View<B> {
        assert!(words > 0, "expected a buffer of at least one word: {label}");
        self.temporaries.push(Temporary { label, words });
        View {
            buffer: Buffer::Temporary(self.temporaries.len() - 1),
            offset: 0,
            words,
        }
    }

    /// Records a write of data to the beginning of a view.
    pub fn write(&mut self, to: &View<B>, data: Data<'a>) {
        let to = to.part(0, data.words());
        self.commands.push(Command::Write { to, data });
    }

    /// A new temporary buffer with this content.
    ///
    /// # Panics
    /// If it has no words.
    pub fn upload(&mut self, label: &'static str, data: Data<'a>) -> View<B> {
        let view = self.temporary(label, data.words());
        self.write(&view, data);
        view
    }

    /// Records a write of all zeros.
    pub fn clear(&mut self, view: &View<B>) {
        let view = view.clone();
        self.commands.push(Command::Clear { view });
    }

    /// Records a copy to a view that is as long, in another buffer.
    ///
    /// # Panics
    /// If it is not as long.
    pub fn copy(&mut self, from: &View<B>, to: &View<B>) {
        assert_eq!(from.words, to.words, "words of a copy");
        let (from, to) = (from.clone(), to.clone());
        self.commands.push(Command::Copy { from, to });
    }

    /// Records a read.
    pub fn read(&mut self, view: &View<B>) {
        let from = view.clone();
        self.commands.push(Command::Read { from });
    }

    /// Records one dispatch; see [`Command::Dispatch`].
    ///
    /// # Panics
    /// If the kernel has another number of buffers.
    pub fn dispatch(
        &mut self,
        kernel: Kernel,
        params: Vec<u32>,
        views: Vec<View<B>>,
        invocations: u32,
        work: u64,
    ) {
        assert_eq!(views.len(), kernel.bindings().len(), "{kernel:?}");
        self.commands.push(Command::Dispatch {
            kernel,
            params,
            views,
            invocations,
            work,
        });
    }

    /// Field multiplications recorded so far, about.
    #[must_use]
    pub fn work(&self) -> u64 {
        let of = |command: &Command<'_, B>| match command {
            Command::Dispatch { work, .. } => *work,
            _ => 0,
        };
        self.commands.iter().map(of).sum()
    }

    /// Records as many dispatches as `limits` demand for `invocations` in all, each of which makes `work`
    /// field multiplications; `params` makes the parameter block for the first invocation of each.
    pub fn dispatch_in_parts(
        &mut self,
        limits: &Limits,
        kernel: Kernel,
        views: &[View<B>],
        (invocations, work): (u32, u64),
        params: impl Fn(u32) -> Vec<u32>,
    ) {
        let most = limits.invocations(kernel, work);
        for base in (0..invocations).step_by(most as usize) {
            let part = most.min(invocations - base);
            self.dispatch(
                kernel,
                params(base),
                views.to_vec(),
                part,
                work * u64::from(part),
            );
        }
    }
}
