//! The only place that turns [`Command`]s into calls of wgpu.
//!
//! Commands are encoded in order into batches, and a batch is submitted when it holds as much work as one
//! dispatch may have, or enough data from the host, so that no submission comes near a driver's watchdog
//! and the device computes while the host converts. A few batches are in flight at once. Data from the
//! host is written straight into mapped buffers and copied on the device, in the order of the commands;
//! all reads of a recording land in one buffer, which is mapped at the end.
//!
//! Whatever happens, nothing of a recording is left running when [`run`] returns, unless the device does
//! not answer any more.

use std::collections::{HashMap, VecDeque};
use std::sync::PoisonError;

use ark_bn254::Fr;
use zkroll_shaders::Kernel;

use super::connection::{Scopes, Submission};
use super::device::{Device, DeviceBuffer};
use super::error::GpuError;
use super::pipelines::Pipeline;
use super::pool::{Lease, Purpose};
use super::recording::{Buffer, Command, Data, Executor as _, Recording, Temporary, View};
use super::timestamps::Timestamps;
use crate::observer::Cancellation;
use crate::parallel;

/// Batches that the device may have before the host waits for the oldest.
const MAX_IN_FLIGHT: usize = 3;

/// Dispatches of a batch.
const MAX_DISPATCHES: u32 = 512;

/// Bytes from the host in one piece, and in a batch: large enough that a submission costs nothing beside
/// them, small enough that the device starts early.
const PIECE_BYTES: u64 = 8 << 20;

/// Words that one task converts.
const PART_WORDS: usize = 1 << 15;

/// Bytes of a word.
const WORD: u64 = 4;

/// Carries out a recording; see [`Executor::run`](super::Executor::run).
pub(super) fn run(
    device: &Device,
    recording: Recording<'_, DeviceBuffer>,
    cancellation: &Cancellation,
) -> Result<Vec<Vec<u32>>, GpuError> {
    let mut run = Run::new(device, &recording)?;
    let words = run
        .encode(recording.commands, cancellation)
        .and_then(|()| run.finish());
    if words.is_err() {
        // What failed first is told; a device that does not answer is not asked twice.
        let _ = run.drain();
    }
    device.pipelines.save();
    words
}

/// A recording that is being carried out.
struct Run<'d> {
    device: &'d Device,
    pipelines: HashMap<Kernel, Pipeline>,
    temporaries: Vec<Lease>,
    parameters: Option<Parameters>,
    reads: Option<Reads>,
    batch: Option<Batch>,
    in_flight: VecDeque<Submission>,
    timestamps: Vec<Timestamps>,
}

/// The parameter blocks of a recording, one after the other.
struct Parameters {
    buffer: Lease,
    slot_bytes: u64,
    /// Blocks bound so far.
    bound: u64,
}

/// What a recording reads.
struct Reads {
    buffer: Lease,
    /// Words of each read so far.
    lengths: Vec<u64>,
    bytes: u64,
}

/// Commands that are submitted together.
struct Batch {
    /// Open between two dispatches.
    pass: Option<wgpu::ComputePass<'static>>,
    encoder: wgpu::CommandEncoder,
    scopes: Scopes,
    /// Buffers that go back when the batch is submitted.
    staging: Vec<Lease>,
    /// Field multiplications.
    work: u64,
    /// From the host.
    bytes: u64,
    dispatches: u32,
    timestamps: Option<Timestamps>,
}

impl Batch {
    fn new(device: &Device) -> Self {
        let scopes = Scopes::open(&device.connection.device);
        Self {
            pass: None,
            encoder: device.connection.device.create_command_encoder(
                &wgpu::CommandEncoderDescriptor {
                    label: Some("zkroll"),
                },
            ),
            scopes,
            staging: Vec::new(),
            work: 0,
            bytes: 0,
            dispatches: 0,
            timestamps: None,
        }
    }

    /// The encoder for anything but dispatches.
    fn encoder(&mut self) -> &mut wgpu::CommandEncoder {
        self.pass = None;
        &mut self.encoder
    }
}

impl<'d> Run<'d> {
    /// Takes the buffers of a recording and writes its parameter blocks.
    fn new(device: &'d Device, recording: &Recording<'_, DeviceBuffer>) -> Result<Self, GpuError> {
        device.connection.check()?;
        let take =
            |purpose, label, bytes| device.pool.take(&device.connection, purpose, label, bytes);
        let temporaries = recording
            .temporaries
            .iter()
            .map(|&Temporary { label, words }| {
                device.check_size(label, words)?;
                take(Purpose::Temporary, label, WORD * words)
            })
            .collect::<Result<_, _>>()?;

        let (mut kernels, mut blocks, mut read_words) = (Vec::new(), Vec::new(), 0);
        for command in &recording.commands {
            match command {
                Command::Dispatch { kernel, params, .. } => {
                    kernels.push(*kernel);
                    blocks.push(params.as_slice());
                }
                Command::Read { from } => read_words += from.words,
                Command::Write { .. } | Command::Clear { .. } | Command::Copy { .. } => {}
            }
        }
        let reads = (read_words > 0)
            .then(|| take(Purpose::Download, "what is read", WORD * read_words))
            .transpose()?
            .map(|buffer| Reads {
                buffer,
                lengths: Vec::new(),
                bytes: 0,
            });
        let slot_bytes = blocks
            .iter()
            .map(|block| WORD * block.len() as u64)
            .max()
            .unwrap_or(0)
            .next_multiple_of(device.uniform_alignment);
        let bytes = slot_bytes * blocks.len() as u64;
        let parameters = (bytes > 0)
            .then(|| take(Purpose::Parameters, "parameter blocks", bytes))
            .transpose()?
            .map(|buffer| Parameters {
                buffer,
                slot_bytes,
                bound: 0,
            });

        let layout = device.info.layout;
        let mut run = Self {
            device,
            pipelines: device.pipelines.get(&device.connection, layout, kernels)?,
            temporaries,
            parameters,
            reads,
            batch: None,
            in_flight: VecDeque::new(),
            timestamps: Vec::new(),
        };
        if let Some(Parameters { buffer, .. }) = &run.parameters {
            let slot_words = (slot_bytes / WORD) as usize;
            let mut words = vec![0; slot_words * blocks.len()];
            for (slot, block) in words.chunks_exact_mut(slot_words).zip(blocks) {
                slot[..block.len()].copy_from_slice(block);
            }
            let target = (**buffer).clone();
            run.stage(&target, 0, &Data::Words(words), 0, bytes)?;
        }
        Ok(run)
    }

    /// Encodes all commands and submits all batches but, perhaps, the last.
    fn encode(
        &mut self,
        commands: Vec<Command<'_, DeviceBuffer>>,
        cancellation: &Cancellation,
    ) -> Result<(), GpuError> {
        for command in commands {
            match command {
                Command::Write { to, data } => self.write(&to, &data, cancellation)?,
                Command::Clear { view } => {
                    let (buffer, offset, bytes) = self.place(&view);
                    self.batch()
                        .encoder()
                        .clear_buffer(&buffer, offset, Some(bytes));
                }
                Command::Copy { from, to } => {
                    let (source, source_offset, bytes) = self.place(&from);
                    let (target, target_offset, _) = self.place(&to);
                    self.batch().encoder().copy_buffer_to_buffer(
                        &source,
                        source_offset,
                        &target,
                        target_offset,
                        Some(bytes),
                    );
                }
                Command::Dispatch {
                    kernel,
                    params,
                    views,
                    invocations,
                    work,
                } => {
                    let most = self.device.limits().dispatch_work;
                    let batch = self.batch();
                    if batch.dispatches > 0
                        && (batch.work.saturating_add(work) > most
                            || batch.dispatches == MAX_DISPATCHES)
                    {
                        self.submit(cancellation)?;
                    }
                    self.batch().work += work;
                    self.dispatch(kernel, params.len(), &views, invocations)?;
                }
                Command::Read { from } => self.read(&from),
            }
        }
        self.submit(cancellation)
    }

    /// The batch under way.
    fn batch(&mut self) -> &mut Batch {
        let device = self.device;
        self.batch.get_or_insert_with(|| Batch::new(device))
    }

    /// The buffer of a view, its first byte and its bytes.
    fn place(&self, view: &View<DeviceBuffer>) -> (wgpu::Buffer, u64, u64) {
        let buffer = match &view.buffer {
            Buffer::Temporary(index) => (*self.temporaries[*index]).clone(),
            Buffer::Resident(buffer) => buffer.buffer.clone(),
        };
        (buffer, WORD * view.offset, WORD * view.words)
    }

    fn write(
        &mut self,
        to: &View<DeviceBuffer>,
        data: &Data<'_>,
        cancellation: &Cancellation,
    ) -> Result<(), GpuError> {
        let (buffer, offset, bytes) = self.place(to);
        let mut done = 0;
        while done < bytes {
            if self.batch().bytes >= PIECE_BYTES {
                self.submit(cancellation)?;
            }
            let piece = PIECE_BYTES.min(bytes - done);
            self.stage(&buffer, offset, data, done, piece)?;
            done += piece;
        }
        Ok(())
    }

    /// Copies the `bytes` bytes of `data` from byte `from` on to `offset + from` in a buffer.
    fn stage(
        &mut self,
        buffer: &wgpu::Buffer,
        offset: u64,
        data: &Data<'_>,
        from: u64,
        bytes: u64,
    ) -> Result<(), GpuError> {
        let device = self.device;
        let mut staging = device.pool.take(
            &device.connection,
            Purpose::Upload,
            "what is written",
            bytes,
        )?;
        staging.set_used(true);
        let mapped = staging.get_mapped_range_mut(..bytes);
        let mut mapped = mapped.map_err(|error| device.connection.refusal(error.to_string()))?;
        let part = |size: u64| (from / size) as usize..((from + bytes) / size) as usize;
        match data {
            Data::Words(words) => {
                let words = &words[part(WORD)];
                fill::<_, 4, PART_WORDS>(mapped.slice(..), words, |word| word.to_le_bytes());
            }
            Data::Scalars(scalars) => {
                let scalars = &scalars[part(8 * WORD)];
                fill::<_, 32, { PART_WORDS / 8 }>(mapped.slice(..), scalars, scalar_bytes);
            }
        }
        drop(mapped);
        staging.unmap();
        let batch = self.batch();
        batch
            .encoder()
            .copy_buffer_to_buffer(&staging, 0, buffer, offset + from, bytes);
        batch.bytes += bytes;
        batch.staging.push(staging);
        Ok(())
    }

    fn dispatch(
        &mut self,
        kernel: Kernel,
        params_words: usize,
        views: &[View<DeviceBuffer>],
        invocations: u32,
    ) -> Result<(), GpuError> {
        let device = self.device;
        let wgpu_device = &device.connection.device;
        let pipeline = self.pipelines[&kernel].clone();

        let mut places: Vec<_> = views.iter().map(|view| self.place(view)).collect();
        if let Some(parameters) = &mut self.parameters {
            let offset = parameters.slot_bytes * parameters.bound;
            let bytes = WORD * params_words as u64;
            places.push(((*parameters.buffer).clone(), offset, bytes));
            parameters.bound += 1;
        }
        let entries: Vec<_> = places
            .iter()
            .zip(0..)
            .map(|((buffer, offset, bytes), binding)| wgpu::BindGroupEntry {
                binding,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer,
                    offset: *offset,
                    size: wgpu::BufferSize::new(*bytes),
                }),
            })
            .collect();
        let group = wgpu_device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.bindings,
            entries: &entries,
        });

        let batch = self.batch();
        let mut timestamp_writes = None;
        if device.timings.is_some() {
            // Times are those of passes.
            batch.pass = None;
            let timestamps = batch
                .timestamps
                .get_or_insert_with(|| Timestamps::new(wgpu_device, MAX_DISPATCHES));
            timestamp_writes = Some(timestamps.next(kernel));
        }
        let pass = batch.pass.get_or_insert_with(|| {
            let descriptor = wgpu::ComputePassDescriptor {
                label: None,
                timestamp_writes,
            };
            batch
                .encoder
                .begin_compute_pass(&descriptor)
                .forget_lifetime()
        });
        pass.set_pipeline(&pipeline.pipeline);
        pass.set_bind_group(0, &group, &[]);
        pass.dispatch_workgroups(invocations.div_ceil(kernel.workgroup_size()), 1, 1);
        batch.dispatches += 1;
        Ok(())
    }

    fn read(&mut self, from: &View<DeviceBuffer>) {
        let (buffer, offset, bytes) = self.place(from);
        let device = self.device;
        let batch = self.batch.get_or_insert_with(|| Batch::new(device));
        if let Some(reads) = &mut self.reads {
            batch.encoder().copy_buffer_to_buffer(
                &buffer,
                offset,
                &reads.buffer,
                reads.bytes,
                bytes,
            );
            reads.lengths.push(from.words);
            reads.bytes += bytes;
        }
    }

    /// Submits the batch, if there is one.
    fn submit(&mut self, cancellation: &Cancellation) -> Result<(), GpuError> {
        cancellation.check().map_err(GpuError::Cancelled)?;
        let Some(mut batch) = self.batch.take() else {
            return Ok(());
        };
        batch.pass = None;
        if let Some(timestamps) = &batch.timestamps {
            timestamps.resolve(&mut batch.encoder);
        }
        let connection = &self.device.connection;
        let submission = connection.submit(batch.encoder);
        batch
            .scopes
            .close("a submission", 0)
            .map_err(|error| connection.explain(error))?;
        connection.check()?;
        self.in_flight.push_back(submission);
        self.timestamps.extend(batch.timestamps);
        if self.in_flight.len() > MAX_IN_FLIGHT
            && let Some(oldest) = self.in_flight.pop_front()
        {
            connection.wait(&oldest)?;
        }
        Ok(())
    }

    /// Waits for everything and takes what was read.
    fn finish(&mut self) -> Result<Vec<Vec<u32>>, GpuError> {
        self.drain()?;
        if let Some(timings) = &self.device.timings {
            let timestamps = self.timestamps.drain(..);
            let times = timestamps
                .map(|timestamps| timestamps.collect(&self.device.connection))
                .collect::<Result<Vec<_>, _>>()?;
            let mut timings = timings.lock().unwrap_or_else(PoisonError::into_inner);
            timings.extend(times.into_iter().flatten());
        }
        let Some(Reads {
            buffer,
            lengths,
            bytes,
        }) = &mut self.reads
        else {
            return Ok(Vec::new());
        };
        buffer.set_used(true);
        let mapped = self.device.connection.map(buffer, *bytes)?;
        let mut rest = &*mapped;
        let words = lengths
            .iter()
            .map(|&words| {
                let (bytes, others) = rest.split_at((WORD * words) as usize);
                rest = others;
                words_of(bytes)
            })
            .collect();
        drop(mapped);
        buffer.unmap();
        buffer.set_used(false);
        Ok(words)
    }

    /// Waits for everything.
    fn drain(&mut self) -> Result<(), GpuError> {
        while let Some(submission) = self.in_flight.pop_front() {
            self.device.connection.wait(&submission)?;
        }
        Ok(())
    }
}

/// Writes what `bytes` makes of each value, a task for each `PART` values.
fn fill<T: Sync, const N: usize, const PART: usize>(
    target: wgpu::WriteOnly<'_, [u8]>,
    values: &[T],
    bytes: impl Fn(&T) -> [u8; N] + Sync + Send,
) {
    let (target, _) = target.into_chunks::<N>();
    let (parts, last) = target.into_chunks::<PART>();
    let (whole, rest) = values.as_chunks::<PART>();
    let mut tasks: Vec<_> = parts.into_iter().zip(whole).map(Some).collect();
    parallel::for_each_mut(&mut tasks, |_, task| {
        if let Some((target, values)) = task.take() {
            wgpu::WriteOnly::<[[u8; N]]>::from(target).write_iter(values.iter().map(&bytes));
        }
    });
    last.write_iter(rest.iter().map(bytes));
}

/// A scalar as it is, the lowest word first.
fn scalar_bytes(scalar: &Fr) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (bytes, limb) in bytes.chunks_exact_mut(8).zip(scalar.0.0) {
        bytes.copy_from_slice(&limb.to_le_bytes());
    }
    bytes
}

/// Words of bytes.
fn words_of(bytes: &[u8]) -> Vec<u32> {
    let (bytes, _) = bytes.as_chunks::<4>();
    let mut words = vec![0; bytes.len()];
    parallel::for_each_chunk_mut(&mut words, PART_WORDS, |part, words| {
        let bytes = &bytes[part * PART_WORDS..];
        for (word, bytes) in words.iter_mut().zip(bytes) {
            *word = u32::from_le_bytes(*bytes);
        }
    });
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_scalars_are_little_endian() {
        let values: Vec<u32> = (0..100_000).map(|i| i * 0x9e37_79b9).collect();
        let mut bytes = vec![0; 4 * values.len()];
        let target = wgpu::WriteOnly::from_mut(bytes.as_mut_slice());
        fill::<_, 4, PART_WORDS>(target, &values, |word| word.to_le_bytes());
        assert_eq!(bytes[..8], [0, 0, 0, 0, 0xb9, 0x79, 0x37, 0x9e]);
        assert_eq!(words_of(&bytes), values);

        let one = Fr::from(1u64);
        let limbs = one.0.0;
        let expected = limbs.map(u64::to_le_bytes);
        assert_eq!(scalar_bytes(&one), expected.as_flattened());
    }
}
