//! Interrupting a run and going on.

use std::ops::ControlFlow::{self, Break, Continue};
use std::sync::Mutex;

use super::targets::*;
use super::*;

fn options() -> NutsOptions {
    NutsOptions { tune: 150, draws: 120, seed: 4, ..Default::default() }
}

fn run(
    resume: Option<&[ChainState]>,
    observe: &(dyn Fn(&Event) -> ControlFlow<()> + Sync),
) -> Result<Draws> {
    let target = Normal::correlated(5, 0.8);
    nuts(&|| target.clone(), &vec![vec![0.5; 5]; 3], &options(), resume, observe)
}

/// Breaks when a chain makes this draw.
fn until(chain: usize, phase: Phase, draw: usize) -> impl Fn(&Event) -> ControlFlow<()> {
    move |event| match event {
        Event::Draw { chain: c, phase: p, draw: d, .. } if (*c, *p, *d) == (chain, phase, draw) => {
            Break(())
        }
        _ => Continue(()),
    }
}

#[test]
fn an_interrupted_run_goes_on_as_if_it_had_not_been() {
    let whole = run(None, &|_| Continue(())).unwrap();
    let places = [
        (0, Phase::Tuning, 0),
        (1, Phase::Tuning, 149),
        (0, Phase::Sampling, 0),
        (2, Phase::Sampling, 60),
        (1, Phase::Sampling, 119),
    ];
    for (chain, phase, draw) in places {
        let mut parts = run(None, &until(chain, phase, draw)).unwrap();
        if phase == Phase::Sampling {
            assert_eq!(parts.chains[chain].len(), draw + 1);
        }
        // A second interruption, before the rest.
        let later = run(Some(&parts.states()), &until(0, Phase::Sampling, 100)).unwrap();
        for (c, l) in parts.chains.iter_mut().zip(later.chains) {
            assert_eq!(c.first + c.len(), l.first);
            c.append(l);
        }
        let rest = run(Some(&parts.states()), &|_| Continue(())).unwrap();
        assert!(!rest.interrupted);
        for (c, l) in parts.chains.iter_mut().zip(rest.chains) {
            c.append(l);
        }
        for (whole, parts) in whole.chains.iter().zip(&parts.chains) {
            assert_eq!((whole.first, &whole.x), (parts.first, &parts.x));
            assert_eq!(whole.statistics, parts.statistics);
        }
    }
}

/// A process that is killed leaves nothing but the events that it wrote down.
#[test]
fn events_are_enough_to_go_on() {
    let whole = run(None, &|_| Continue(())).unwrap();
    let log = Mutex::new(vec![ChainState { chain: 0, draws: 0, adapted: None }; 3]);
    let killed = run(None, &|event| {
        let mut log = log.lock().unwrap();
        match event {
            Event::Tuned { chain, adapted } => {
                log[*chain] =
                    ChainState { chain: *chain, draws: 0, adapted: Some((*adapted).clone()) };
            }
            Event::Draw { chain, phase: Phase::Sampling, draw, x, .. } => {
                log[*chain].draws = draw + 1;
                log[*chain].adapted.as_mut().unwrap().position = x.to_vec();
            }
            Event::Draw { chain, .. } => log[*chain].chain = *chain,
        }
        drop(log);
        until(1, Phase::Sampling, 33)(event)
    })
    .unwrap();
    let mut states = log.into_inner().unwrap();
    (0..3).for_each(|i| states[i].chain = i);
    assert_eq!(states, killed.states());
    let rest = run(Some(&states), &|_| Continue(())).unwrap();
    for (whole, rest) in whole.chains.iter().zip(&rest.chains) {
        assert_eq!(&whole.x[5 * rest.first..], &rest.x);
        assert_eq!(rest.first + rest.len(), 120);
    }
}

#[test]
fn a_run_can_be_made_longer() {
    let target = Normal::correlated(5, 0.8);
    let starts = [vec![0.5; 5]];
    let mut draws = sample(|| target.clone(), &starts, &options()).unwrap();
    let longer = NutsOptions { draws: 4000, ..options() };
    let more = nuts(&|| target.clone(), &starts, &longer, Some(&draws.states()), &|_| Continue(()))
        .unwrap();
    assert_eq!((more.chains[0].first, more.chains[0].len()), (120, 3880));
    for (c, l) in draws.chains.iter_mut().zip(more.chains) {
        c.append(l);
    }
    assert_eq!((draws.chains[0].len(), draws.chains[0].tuning_draws), (4000, 150));
    for j in 0..5 {
        assert_mean(&draws, j, |x| x, target.mean[j]);
        let variance = target.covariance[(j, j)];
        assert_mean(&draws, j, |x| (x - target.mean[j]).powi(2), variance);
    }
}

#[test]
fn states_that_do_not_fit_are_refused() {
    let states = run(None, &until(0, Phase::Sampling, 10)).unwrap().states();
    let message = |change: &dyn Fn(&mut Vec<ChainState>)| {
        let mut states = states.clone();
        change(&mut states);
        match run(Some(&states), &|_| Continue(())) {
            Err(Error::Inference(message)) => message,
            other => panic!("{other:?}"),
        }
    };
    let adapted = |s: &mut Vec<ChainState>, f: &dyn Fn(&mut Adapted)| {
        f(s[0].adapted.as_mut().unwrap());
    };
    assert!(message(&|s| s.truncate(2)).contains("had 2 chains, and 3"));
    assert!(message(&|s| s.swap(0, 1)).contains("chain 1 stands at the place of chain 0"));
    assert!(message(&|s| s[0].draws = 121).contains("more than the 120"));
    assert!(message(&|s| s[0].adapted = None).contains("no end of tuning"));
    let flaw = message(&|s| adapted(s, &|a| a.whitening.scales[1] = 0.0));
    assert!(flaw.contains("whitening of chain 0"), "{flaw}");
    assert!(message(&|s| adapted(s, &|a| a.step_size = f64::NAN)).contains("is NaN"));
    assert!(message(&|s| adapted(s, &|a| a.position[0] = f64::NAN)).contains("5 finite"));
}

#[test]
fn draws_of_another_run_are_noticed() {
    let draws = run(None, &until(1, Phase::Sampling, 40)).unwrap();
    let target = Normal::correlated(5, 0.8);
    let verify = |chains: &[ChainDraws], options: &NutsOptions| {
        verify_draws(&|| target.clone(), options, chains).map_err(|e| e.to_string())
    };
    assert_eq!(verify(&draws.chains, &options()), Ok(()));
    let refused = |place: &str, change: &dyn Fn(&mut ChainDraws)| {
        let mut chains = draws.chains.clone();
        change(&mut chains[1]);
        let e = verify(&chains, &options()).unwrap_err();
        assert!(e.contains(&format!("draw {place} of chain 1 is not the one")), "{place}: {e}");
    };
    let bit = |x: &mut f64| *x = f64::from_bits(x.to_bits() ^ 1 << 40);
    refused("17", &|c| bit(&mut c.x[17 * 5 + 2]));
    refused("23", &|c| bit(&mut c.statistics[23].lp));
    refused("40", &|c| bit(&mut c.statistics[40].energy));
    refused("0", &|c| c.statistics[0].n_steps += 1);
    refused("0", &|c| bit(&mut c.adapted.as_mut().unwrap().step_size));
    refused("0", &|c| bit(&mut c.adapted.as_mut().unwrap().whitening.scales[1]));
    refused("0", &|c| bit(&mut c.adapted.as_mut().unwrap().position[4]));
    refused("0", &|c| {
        c.x.drain(..5);
        c.statistics.remove(0);
    });
    assert!(verify(&draws.chains, &NutsOptions { seed: 5, ..options() }).is_err());
}
