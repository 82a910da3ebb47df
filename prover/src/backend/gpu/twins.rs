//! An executor without a device: each dispatch is its shader's CPU twin.
//!
//! It is as strict as WebGPU, and stricter where adapters differ, so that a recording that it accepts
//! is one that every device accepts: whatever a recording gets wrong is a panic that names the kernel
//! and the binding. New buffers hold [`GARBAGE`] where a device would often happen to give zeros, and
//! a dispatch has whole workgroups, so that a twin meets invocations that have nothing to do.
//!
//! Cost: that of the twins, and a copy of every bound view. It is for tests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zkroll_shaders::{Access, Kernel, Layout, twins};

use super::error::GpuError;
use super::recording::{Buffer, Command, Data, Executor, Limits, Recording, View};
use crate::observer::Cancellation;

/// The content of new buffers: eight such words are more than either modulus, and as an index they are
/// beyond every buffer.
const GARBAGE: u32 = 0xa5c3_96e1;

/// Runs the shaders' twins.
#[derive(Clone, Debug)]
pub struct TwinExecutor {
    layout: Layout,
    limits: Limits,
}

/// A buffer in the computer's own memory.
#[derive(Clone, Debug)]
pub struct TwinBuffer(Arc<Mutex<Vec<u32>>>);

impl TwinBuffer {
    fn new(words: u64) -> Self {
        let words = usize::try_from(words).expect("a buffer fits into memory");
        Self(Arc::new(Mutex::new(vec![GARBAGE; words])))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Buffers are equal if they are the same.
impl PartialEq for TwinBuffer {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for TwinBuffer {}

impl TwinExecutor {
    /// An executor that pretends to these limits.
    #[must_use]
    pub const fn new(layout: Layout, limits: Limits) -> Self {
        Self { layout, limits }
    }

    fn buffer(&self, label: &str, words: u64) -> TwinBuffer {
        assert!(
            words > 0 && words <= self.limits.binding_words,
            "expected {label} to have 1 to {} words, got {words}",
            self.limits.binding_words
        );
        TwinBuffer::new(words)
    }

    fn dispatch(
        &self,
        kernel: Kernel,
        params: &[u32],
        ranges: &[Range],
        invocations: u32,
        work: u64,
    ) {
        self.check_dispatch(kernel, params, ranges, invocations, work);
        let mut buffers: Vec<Vec<u32>> = ranges.iter().map(Range::words).collect();
        let invocations = invocations.next_multiple_of(kernel.workgroup_size());
        twins::run(kernel, self.layout, params, invocations, &mut buffers);
        for ((range, words), binding) in ranges.iter().zip(&buffers).zip(kernel.bindings()) {
            if binding.access == Access::ReadWrite {
                range.set(words);
            }
        }
    }

    /// Panics unless every device would accept the dispatch.
    fn check_dispatch(
        &self,
        kernel: Kernel,
        params: &[u32],
        ranges: &[Range],
        invocations: u32,
        work: u64,
    ) {
        let members: u32 = kernel.params().iter().map(|(_, words)| words).sum();
        let expected = (members as usize).next_multiple_of(4);
        assert_eq!(params.len(), expected, "{kernel:?}: words of parameters");

        let workgroups = invocations.div_ceil(kernel.workgroup_size());
        assert!(
            workgroups > 0 && workgroups <= self.limits.workgroups,
            "{kernel:?}: expected 1 to {} workgroups, got {workgroups}",
            self.limits.workgroups
        );
        assert!(
            work <= self.limits.dispatch_work || workgroups == 1,
            "{kernel:?}: expected work of at most {}, got {work}",
            self.limits.dispatch_work
        );

        let bindings = kernel.bindings();
        assert_eq!(
            ranges.len(),
            bindings.len(),
            "{kernel:?}: number of bindings"
        );
        for (i, (range, binding)) in ranges.iter().zip(bindings).enumerate() {
            let name = binding.name;
            assert!(
                range.len as u64 <= self.limits.binding_words,
                "{kernel:?}, {name}: expected at most {} words, got {}",
                self.limits.binding_words,
                range.len
            );
            assert!(
                (range.start as u64).is_multiple_of(self.limits.offset_alignment),
                "{kernel:?}, {name}: expected an offset that is a multiple of {}, got {}",
                self.limits.offset_alignment,
                range.start
            );
            assert!(
                (4 * range.len).is_multiple_of(binding.stride as usize),
                "{kernel:?}, {name}: expected whole elements of {} bytes, got {} words",
                binding.stride,
                range.len
            );
            for (other, other_binding) in ranges.iter().zip(bindings).take(i) {
                if range.buffer != other.buffer {
                    continue;
                }
                assert_eq!(
                    binding.access, other_binding.access,
                    "{kernel:?}, {name} and {}: one buffer is read and written",
                    other_binding.name
                );
                assert!(
                    binding.access == Access::Read || !range.overlaps(other),
                    "{kernel:?}, {name} and {}: written views overlap",
                    other_binding.name
                );
            }
        }
    }
}

/// A view whose buffer is known.
struct Range {
    buffer: TwinBuffer,
    start: usize,
    len: usize,
}

impl Range {
    fn new(temporaries: &[TwinBuffer], view: &View<TwinBuffer>) -> Self {
        let buffer = match &view.buffer {
            Buffer::Temporary(index) => temporaries[*index].clone(),
            Buffer::Resident(buffer) => buffer.clone(),
        };
        let held = buffer.lock().len() as u64;
        assert!(
            view.words > 0 && view.offset + view.words <= held,
            "expected a view inside a buffer of {held} words, got {} + {}",
            view.offset,
            view.words
        );
        Self {
            buffer,
            start: view.offset as usize,
            len: view.words as usize,
        }
    }

    const fn overlaps(&self, other: &Self) -> bool {
        self.start < other.start + other.len && other.start < self.start + self.len
    }

    fn words(&self) -> Vec<u32> {
        self.buffer.lock()[self.start..self.start + self.len].to_vec()
    }

    fn set(&self, words: &[u32]) {
        self.buffer.lock()[self.start..self.start + self.len].copy_from_slice(words);
    }
}

impl Executor for TwinExecutor {
    type Buffer = TwinBuffer;

    fn layout(&self) -> Layout {
        self.layout
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn resident(&self, label: &'static str, words: u64) -> Result<TwinBuffer, GpuError> {
        Ok(self.buffer(label, words))
    }

    fn run(
        &self,
        recording: Recording<'_, TwinBuffer>,
        cancellation: &Cancellation,
    ) -> Result<Vec<Vec<u32>>, GpuError> {
        let temporaries: Vec<TwinBuffer> = recording
            .temporaries
            .iter()
            .map(|temporary| self.buffer(temporary.label, temporary.words))
            .collect();
        let range = |view: &View<TwinBuffer>| Range::new(&temporaries, view);
        let mut read = Vec::new();
        for command in recording.commands {
            cancellation.check()?;
            match command {
                Command::Write { to, data } => {
                    assert_eq!(to.words, data.words(), "words of a write");
                    range(&to).set(&words(data));
                }
                Command::Copy { from, to } => {
                    let (from, to) = (range(&from), range(&to));
                    assert!(
                        from.buffer != to.buffer,
                        "expected a copy to another buffer"
                    );
                    assert_eq!(from.len, to.len, "words of a copy");
                    to.set(&from.words());
                }
                Command::Clear { view } => range(&view).set(&vec![0; view.words as usize]),
                Command::Dispatch {
                    kernel,
                    params,
                    views,
                    invocations,
                    work,
                } => {
                    let ranges: Vec<Range> = views.iter().map(range).collect();
                    self.dispatch(kernel, &params, &ranges, invocations, work);
                }
                Command::Read { from } => read.push(range(&from).words()),
            }
        }
        Ok(read)
    }
}

fn words(data: Data<'_>) -> Vec<u32> {
    match data {
        Data::Words(words) => words,
        Data::Scalars(scalars) => scalars
            .iter()
            .flat_map(|scalar| scalar.0.0)
            .flat_map(|word| [word as u32, (word >> 32) as u32])
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    const LIMITS: Limits = Limits {
        binding_words: 1 << 12,
        offset_alignment: 64,
        workgroups: 4,
        dispatch_work: 1 << 20,
    };

    fn executor() -> TwinExecutor {
        TwinExecutor::new(Layout::Limbs8x32, LIMITS)
    }

    fn run(recording: Recording<'_, TwinBuffer>) -> Vec<Vec<u32>> {
        executor()
            .run(recording, &Cancellation::default())
            .expect("nobody cancels")
    }

    #[test]
    fn words_go_there_and_back() {
        let mut recording = Recording::default();
        let view = recording.temporary("some", 8);
        recording.read(&view);
        recording.write(&view, Data::Words(vec![1, 2, 3]));
        recording.read(&view.part(1, 3));
        recording.clear(&view.part(0, 2));
        recording.read(&view);
        let expected = [
            vec![GARBAGE; 8],
            vec![2, 3, GARBAGE],
            [&[0, 0, 3][..], &[GARBAGE; 5]].concat(),
        ];
        assert_eq!(run(recording), expected);
    }

    /// What a dispatch gets wrong, and what the message must name.
    #[test]
    fn what_a_device_refuses_panics() {
        type Views = Vec<View<TwinBuffer>>;
        let panics = |views: &dyn Fn(&mut Recording<'_, TwinBuffer>) -> Views,
                      invocations: u32,
                      expected: &str| {
            let mut recording = Recording::default();
            let views = views(&mut recording);
            recording.dispatch(Kernel::Multiply, vec![1, 0, 0, 0], views, invocations, 1);
            let panic = catch_unwind(AssertUnwindSafe(|| run(recording))).unwrap_err();
            let message = panic.downcast_ref::<String>().expect("a message");
            assert!(message.contains(expected), "{message}");
        };
        let three = |recording: &mut Recording<'_, TwinBuffer>| -> Views {
            (0..3).map(|_| recording.temporary("one", 8)).collect()
        };
        panics(&three, 4 * 64 + 1, "workgroups");
        panics(&three, 0, "workgroups");
        panics(
            &|recording| {
                let all = recording.temporary("all", 256);
                vec![all.part(0, 8), all.part(64, 8), all.part(128, 8)]
            },
            1,
            "products and values: one buffer is read and written",
        );
        panics(
            &|recording| {
                let mut views = three(recording);
                views[1] = recording.temporary("other", 64).part(4, 8);
                views
            },
            1,
            "others: expected an offset",
        );
        panics(
            &|recording| {
                let mut views = three(recording);
                views[2].words += 1;
                views
            },
            1,
            "inside a buffer",
        );
        panics(
            &|recording| {
                let mut views = three(recording);
                views[0] = recording.temporary("values", 12);
                views
            },
            1,
            "whole elements",
        );
    }

    #[test]
    fn a_cancelled_recording_stops() {
        let mut recording = Recording::default();
        let view = recording.temporary("some", 8);
        recording.read(&view);
        let cancellation = Cancellation::default();
        cancellation.cancel();
        let result = executor().run(recording, &cancellation);
        assert!(matches!(result, Err(GpuError::Cancelled(_))));
    }
}
