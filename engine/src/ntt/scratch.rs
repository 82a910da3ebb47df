//! Memory for the length of one transform.
//!
//! Passes stride through it by rows of up to 128 KiB, a page for every few values: from 2 MiB on it is
//! aligned and advised (`MADV_HUGEPAGE`) so that the system may back it by huge pages, which also
//! makes it 512 times less often interrupt the first pass for a page.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;

use ark_bn254::Fr;

/// Bytes of a huge page on x86-64 and, with 4 KiB pages, on AArch64.
const HUGE_PAGE: usize = 2 << 20;

/// Bytes of a cache line.
const CACHE_LINE: usize = 64;

/// Uninitialised memory for field elements.
pub(super) struct Scratch {
    first: NonNull<Fr>,
    layout: Layout,
}

impl Scratch {
    /// Memory for `len` elements, at least one.
    pub(super) fn new(len: usize) -> Self {
        let array = Layout::array::<Fr>(len).expect("an array of this size exists already");
        let align = if array.size() >= HUGE_PAGE {
            HUGE_PAGE
        } else {
            CACHE_LINE
        };
        let layout = array.align_to(align).expect("the alignment is small");
        assert!(layout.size() > 0, "expected at least one element");
        // SAFETY: the layout has a size other than zero.
        let first = unsafe { alloc(layout) };
        let Some(first) = NonNull::new(first.cast()) else {
            handle_alloc_error(layout)
        };
        let scratch = Self { first, layout };
        scratch.advise();
        scratch
    }

    /// Asks for huge pages.
    #[cfg(target_os = "linux")]
    fn advise(&self) {
        if self.layout.align() == HUGE_PAGE {
            // SAFETY: the block is ours; the advice changes no content. Where the system has no huge
            // pages, an error comes back and nothing else changes.
            unsafe {
                libc::madvise(
                    self.first.as_ptr().cast(),
                    self.layout.size(),
                    libc::MADV_HUGEPAGE,
                );
            }
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn advise(&self) {}

    /// The first element.
    pub(super) fn as_mut_ptr(&mut self) -> *mut Fr {
        self.first.as_ptr()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout.
        unsafe { dealloc(self.first.as_ptr().cast(), self.layout) };
    }
}
