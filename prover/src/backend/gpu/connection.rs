//! The wgpu device, and what is known of its health.
//!
//! wgpu reports failures in four ways: error scopes, a callback for errors outside scopes, a callback
//! when the device is lost, and panics while polling a lost device. Here they all become [`GpuError`]s.
//! Once the device is lost, every call says so.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::adapter::{Candidate, Fault};
use super::error::GpuError;

/// What one submission may take on a GPU: ten times the watchdog of a graphics driver, and more.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// What one submission may take where the driver computes on the CPU. Mesa's compiles shaders when they
/// run first, and that takes seconds each.
const SOFTWARE_TIME_LIMIT: Duration = Duration::from_secs(600);

/// How long whoever waits for the device asks again and again before he sleeps between.
const SPIN: Duration = Duration::from_micros(100);

/// Then a pause is this part of the time waited so far, and at most [`MAX_PAUSE`]: that much later than the
/// device is the host.
const PAUSE_PART: u32 = 32;
/// See [`PAUSE_PART`].
const MAX_PAUSE: Duration = Duration::from_millis(1);

/// How long a refusal waits for the news that the device was lost.
const GRACE: Duration = Duration::from_millis(100);

/// A device of wgpu with its queue.
pub(super) struct Connection {
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
    health: Arc<Health>,
    time_limit: Duration,
    /// Submissions since [`Self::arm`].
    submissions: AtomicU32,
    fault: OnceLock<Fault>,
}

/// What wgpu's callbacks tell.
#[derive(Debug, Default)]
struct Health {
    lost: OnceLock<String>,
    /// The first error that no scope caught.
    stray: Mutex<Option<GpuError>>,
    /// Whether work may never end, so that nothing must wait for it any more.
    stuck: AtomicBool,
}

impl Connection {
    /// Opens the device of an adapter.
    pub fn open(candidate: &Candidate) -> Result<Self, wgpu::RequestDeviceError> {
        let (device, queue) = now(candidate.adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("zkroll"),
            required_features: candidate.features,
            required_limits: candidate.limits.clone(),
            experimental_features: wgpu::ExperimentalFeatures::disabled(),
            memory_hints: wgpu::MemoryHints::Performance,
            trace: wgpu::Trace::Off,
        }))?;
        let health = Arc::new(Health::default());
        let told = Arc::clone(&health);
        device.set_device_lost_callback(move |reason, message| {
            // Whoever was first knows best.
            let _ = told.lost.set(if message.is_empty() {
                format!("{reason:?}").to_lowercase()
            } else {
                message
            });
        });
        let told = Arc::clone(&health);
        device.on_uncaptured_error(Arc::new(move |error| {
            let error = typed(&error, "the driver's own data", 0);
            tracing::error!(%error, "outside of an error scope");
            let mut stray = told.stray.lock().unwrap_or_else(PoisonError::into_inner);
            stray.get_or_insert(error);
        }));
        Ok(Self {
            device,
            queue,
            health,
            time_limit: if candidate.info.device_type == wgpu::DeviceType::Cpu {
                SOFTWARE_TIME_LIMIT
            } else {
                TIME_LIMIT
            },
            submissions: AtomicU32::new(0),
            fault: OnceLock::new(),
        })
    }

    /// Lets a simulated failure happen from now on.
    pub fn arm(&mut self, fault: Fault) {
        if let Fault::TimeLimit(limit) = fault {
            self.time_limit = limit;
        }
        *self.submissions.get_mut() = 0;
        self.fault = OnceLock::from(fault);
    }

    /// Why the device was lost, if it was.
    pub fn lost(&self) -> Option<&str> {
        self.health.lost.get().map(String::as_str)
    }

    /// Demands a device that works.
    pub fn check(&self) -> Result<(), GpuError> {
        if let Some(reason) = self.lost() {
            return Err(GpuError::DeviceLost {
                reason: reason.to_owned(),
            });
        }
        let mut stray = self
            .health
            .stray
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        stray.take().map_or(Ok(()), Err)
    }

    /// Calls `body` and returns what wgpu says of it; a lack of memory is said to be one of `bytes` bytes
    /// of `label`.
    pub fn scoped<T>(
        &self,
        (label, bytes): (&'static str, u64),
        body: impl FnOnce() -> T,
    ) -> Result<T, GpuError> {
        self.check()?;
        let scopes = Scopes::open(&self.device);
        let value = body();
        scopes
            .close(label, bytes)
            .map_err(|error| self.explain(error))?;
        self.check()?;
        Ok(value)
    }

    /// A new buffer.
    pub fn allocate(
        &self,
        label: &'static str,
        bytes: u64,
        usage: wgpu::BufferUsages,
    ) -> Result<wgpu::Buffer, GpuError> {
        let refused = matches!(self.fault.get(),
            Some(Fault::RefuseAllocationsFrom { bytes: least }) if bytes >= *least);
        if refused || bytes > self.device.limits().max_buffer_size {
            return Err(GpuError::OutOfMemory { label, bytes });
        }
        self.scoped((label, bytes), || {
            self.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: bytes,
                usage,
                mapped_at_creation: usage.contains(wgpu::BufferUsages::MAP_WRITE),
            })
        })
    }

    /// Hands work to the device. The caller has scopes open.
    pub fn submit(&self, encoder: wgpu::CommandEncoder) -> Submission {
        if let Some(Fault::LoseDeviceAfter(submissions)) = self.fault.get()
            && self.submissions.fetch_add(1, Ordering::Relaxed) == *submissions
        {
            self.device.destroy();
        }
        let submission = Submission(Arc::default());
        let done = Arc::clone(&submission.0);
        encoder.on_submitted_work_done(move || done.store(true, Ordering::Release));
        self.queue.submit([encoder.finish()]);
        submission
    }

    /// Waits until that work is done.
    pub fn wait(&self, submission: &Submission) -> Result<(), GpuError> {
        self.until(|| submission.0.load(Ordering::Acquire).then_some(()))?;
        self.check()
    }

    /// The first `bytes` bytes of a buffer that the device has finished with.
    pub fn map(&self, buffer: &wgpu::Buffer, bytes: u64) -> Result<wgpu::BufferView, GpuError> {
        let (sender, receiver) = std::sync::mpsc::channel();
        self.scoped(("a mapped buffer", bytes), || {
            buffer.map_async(wgpu::MapMode::Read, ..bytes, move |mapped| {
                // The receiver is gone if this was called too late.
                let _ = sender.send(mapped);
            });
        })?;
        match self.until(|| receiver.try_recv().ok())? {
            Ok(()) => buffer
                .get_mapped_range(..bytes)
                .map_err(|error| self.refusal(error.to_string())),
            Err(_) => Err(self.refusal("a buffer was not mapped".to_owned())),
        }
    }

    /// Lets wgpu work until `ready` has something.
    ///
    /// wgpu is asked and does not wait itself: several threads may use the device, and wgpu 30 panics where
    /// one waits for a submission while another submits.
    fn until<T>(&self, mut ready: impl FnMut() -> Option<T>) -> Result<T, GpuError> {
        let start = Instant::now();
        loop {
            self.turn();
            if let Some(value) = ready() {
                return Ok(value);
            }
            self.check()?;
            if start.elapsed() >= self.time_limit {
                return Err(self.give_up());
            }
            pause(start);
        }
    }

    /// Why something was refused that should not have been: for this message, if not because the device
    /// was lost.
    pub fn refusal(&self, message: String) -> GpuError {
        // A device that is destroyed says so only when it has nothing left to do.
        let start = Instant::now();
        while !self.turn().is_queue_empty() {
            if start.elapsed() >= self.time_limit {
                return self.give_up();
            }
            pause(start);
        }
        // Another thread may have noticed it and be about to tell.
        let idle = Instant::now();
        while self.lost().is_none() && idle.elapsed() < GRACE {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.check().err().unwrap_or(GpuError::Refused { message })
    }

    /// The same error, but [`Self::refusal`] if something was refused.
    pub fn explain(&self, error: GpuError) -> GpuError {
        match error {
            GpuError::Refused { message } => self.refusal(message),
            error => error,
        }
    }

    /// Lets wgpu do what is due, without waiting; whether the device has anything left to do.
    pub fn turn(&self) -> wgpu::PollStatus {
        // wgpu panics here if the driver reports the device lost, after it has called the callback and
        // released its locks.
        let poll = || self.device.poll(wgpu::PollType::Poll);
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(poll)) {
            // Nothing was waited for, so nothing took too long.
            Ok(status) => status.unwrap_or(wgpu::PollStatus::Poll),
            Err(_) => {
                let _ = self.health.lost.set("the driver failed".to_owned());
                wgpu::PollStatus::QueueEmpty
            }
        }
    }

    /// Declares the device lost because it does not answer.
    fn give_up(&self) -> GpuError {
        let seconds = self.time_limit.as_secs();
        let reason = format!("it did not finish within {seconds} s");
        self.health.stuck.store(true, Ordering::Relaxed);
        let _ = self.health.lost.set(reason);
        GpuError::TimedOut { seconds }
    }
}

/// Work that was handed to the device.
#[derive(Debug)]
pub(super) struct Submission(Arc<AtomicBool>);

/// Rests for a while in a wait that began at `start`.
fn pause(start: Instant) {
    let waited = start.elapsed();
    if waited < SPIN {
        std::thread::yield_now();
    } else {
        std::thread::sleep((waited / PAUSE_PART).min(MAX_PAUSE));
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Dropping the last reference waits for all work.
        if self.health.stuck.load(Ordering::Relaxed) {
            std::mem::forget((self.device.clone(), self.queue.clone()));
        }
    }
}

/// Error scopes of all three kinds on this thread.
pub(super) struct Scopes {
    // Dropped in this order, the reverse of that in which they are pushed.
    internal: wgpu::ErrorScopeGuard,
    validation: wgpu::ErrorScopeGuard,
    memory: wgpu::ErrorScopeGuard,
}

impl Scopes {
    /// Catches errors from now on.
    pub fn open(device: &wgpu::Device) -> Self {
        let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let internal = device.push_error_scope(wgpu::ErrorFilter::Internal);
        Self {
            internal,
            validation,
            memory,
        }
    }

    /// What was caught; a lack of memory is said to be one of `bytes` bytes of `label`.
    pub fn close(self, label: &'static str, bytes: u64) -> Result<(), GpuError> {
        let internal = now(self.internal.pop());
        let validation = now(self.validation.pop());
        let memory = now(self.memory.pop());
        match memory.or(internal).or(validation) {
            None => Ok(()),
            Some(error) => Err(typed(&error, label, bytes)),
        }
    }
}

/// wgpu's error as ours, on one line.
fn typed(error: &wgpu::Error, label: &'static str, bytes: u64) -> GpuError {
    match error {
        wgpu::Error::OutOfMemory { .. } => GpuError::OutOfMemory { label, bytes },
        wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
            let words: Vec<&str> = description.split_whitespace().collect();
            GpuError::Refused {
                message: words.join(" "),
            }
        }
    }
}

/// The value of a future of wgpu: outside of browsers they are all ready.
pub(super) fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::yield_now(),
        }
    }
}
