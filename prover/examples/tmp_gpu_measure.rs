//! tmp
use std::time::*;
use zkroll_prover::backend::gpu::*;
use zkroll_prover::*;
use zkroll_shaders::*;
fn main() {
    let t = Instant::now();
    let d = Device::open(&GpuOptions {
        cache_dir: Some("".into()),
        ..GpuOptions::from_environment().unwrap()
    })
    .unwrap();
    println!("open {:?} {:?} {:?}", t.elapsed(), d.info(), d.limits());
    for l in Layout::ALL {
        let t = Instant::now();
        let d = Device::open(&GpuOptions {
            layout: Some(l),
            cache_dir: Some("".into()),
            ..Default::default()
        })
        .unwrap();
        let o = t.elapsed();
        println!(
            "{l} open {o:?} speed {:.1} ns/mul",
            0.25e9 / d.limits().dispatch_work as f64
        );
        for k in Kernel::ALL {
            let c = d.compile(&[k]).unwrap();
            // first dispatch: all-zero params do nothing
            let mut firsts = vec![];
            for _ in 0..2 {
                let t = Instant::now();
                let mut r = Recording::default();
                let v: Vec<_> = k
                    .bindings()
                    .iter()
                    .map(|b| {
                        let v = r.temporary(b.name, 4096);
                        r.clear(&v);
                        v
                    })
                    .collect();
                let n: u32 = k.params().iter().map(|p| p.1).sum();
                let inv = 1;
                if !matches!(k, Kernel::Ntt) {
                    r.dispatch(k, vec![0; n.next_multiple_of(4) as usize], v, inv, 1);
                    d.run(r, &Cancellation::new()).unwrap();
                }
                firsts.push(t.elapsed());
            }
            println!(
                "   {:20} compile {:9.2?} first dispatch {:9.2?} second {:9.2?}",
                k.name(),
                c,
                firsts[0],
                firsts[1]
            );
        }
    }
    let s = vec![Fr::from(7u64); 1 << 20];
    for _ in 0..4 {
        let t = Instant::now();
        let mut r = Recording::default();
        let v = r.temporary("s", 8 << 20);
        r.write(&v, Data::Scalars(&s));
        d.run(r, &Cancellation::new()).unwrap();
        let w = t.elapsed();
        let t = Instant::now();
        let mut r = Recording::default();
        let v = r.temporary("s", 8 << 20);
        r.read(&v);
        d.run(r, &Cancellation::new()).unwrap();
        println!("write 32 MiB {w:?} read {:?}", t.elapsed());
    }
    for n in [1, 100, 1000] {
        for _ in 0..2 {
            let t = Instant::now();
            let mut r = Recording::default();
            let v = r.temporary("s", 8 << 10);
            for _ in 0..n {
                r.dispatch(Kernel::Probe, vec![1, 0, 0, 0], vec![v.clone()], 1, 1);
            }
            d.run(r, &Cancellation::new()).unwrap();
            println!("{n} dispatches {:?}", t.elapsed());
        }
    }
}
