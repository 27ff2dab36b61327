//! From longitude and latitude to a plane, on the sphere.

/// How the globe is laid flat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Projection {
    /// x = λ cos φ₀, y = φ: meridians and parallels are straight; distances are right along the
    /// meridians and the middle parallel.
    #[default]
    Equirectangular,
    /// Angles are right; two parallels of the map are as long as on the globe.
    LambertConformal,
    /// The globe as seen from far away.
    Orthographic,
}

impl Projection {
    /// Every projection with its name.
    pub const ALL: [(&'static str, Self); 3] = [
        ("equirectangular", Self::Equirectangular),
        ("lambert", Self::LambertConformal),
        ("orthographic", Self::Orthographic),
    ];

    /// The projection called `name`.
    ///
    /// # Errors
    /// There is no such projection; the message names those that are.
    pub fn from_name(name: &str) -> crate::Result<Self> {
        let found = Self::ALL.iter().find(|(n, _)| *n == name.to_lowercase());
        found.map(|(_, p)| *p).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|(n, _)| *n).collect();
            crate::Error::data(format!(
                "there is no projection {name:?}; the projections are {}",
                known.join(", ")
            ))
        })
    }
}

/// A projection for a part of the globe. Lengths on the plane are in degrees of a great circle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plane {
    projection: Projection,
    /// The middle, degrees.
    pub lon0: f64,
    lat0: f64,
    /// n, F and ρ₀ of the conic.
    cone: (f64, f64, f64),
}

impl Plane {
    /// For the part between these longitudes and latitudes.
    ///
    /// # Source
    /// Snyder (1987), Map Projections: A Working Manual: Lambert equations 15-1 to 15-3 on the
    /// sphere with standard parallels a sixth from both ends, orthographic 20-3 and 20-4.
    pub fn new(projection: Projection, lon: (f64, f64), lat: (f64, f64)) -> Self {
        let (lon0, lat0) = (0.5 * (lon.0 + lon.1), 0.5 * (lat.0 + lat.1));
        let sixth = (lat.1 - lat.0) / 6.0;
        let (a, b) = ((lat.0 + sixth).to_radians(), (lat.1 - sixth).to_radians());
        let half = |phi: f64| (0.25 * std::f64::consts::PI + 0.5 * phi).tan();
        let n = if (a - b).abs() < 1e-9 {
            a.sin()
        } else {
            (a.cos() / b.cos()).ln() / (half(b) / half(a)).ln()
        };
        let f = a.cos() * half(a).powf(n) / n;
        let rho0 = f / half(lat0.to_radians()).powf(n);
        Self { projection, lon0, lat0, cone: (n, f, rho0) }
    }

    /// Whether the cone of a Lambert map is one: around the equator it is a cylinder.
    pub fn is_cone(&self) -> bool {
        self.cone.0.abs() > 0.05 && self.cone.1.is_finite() && self.cone.2.is_finite()
    }

    /// A longitude on the turn around the middle of the map.
    pub fn turned(&self, lon: f64) -> f64 {
        lon - 360.0 * ((lon - self.lon0) / 360.0).round()
    }

    /// The place of a point, x eastwards and y northwards; NaN behind the horizon.
    pub fn at(&self, lon: f64, lat: f64) -> (f64, f64) {
        let dlon = lon - self.lon0;
        let (lambda, phi) = (dlon.to_radians(), lat.to_radians());
        let phi0 = self.lat0.to_radians();
        match self.projection {
            Projection::Equirectangular => (dlon * phi0.cos().max(0.1), lat - self.lat0),
            Projection::LambertConformal => {
                let (n, f, rho0) = self.cone;
                let half = (0.25 * std::f64::consts::PI + 0.5 * phi).tan().max(1e-9);
                let rho = f / half.powf(n);
                let (sin, cos) = (n * lambda).sin_cos();
                ((rho * sin).to_degrees(), (rho0 - rho * cos).to_degrees())
            }
            Projection::Orthographic => {
                let facing = phi0.sin() * phi.sin() + phi0.cos() * phi.cos() * lambda.cos();
                if facing < 0.0 {
                    return (f64::NAN, f64::NAN);
                }
                let y = phi0.cos() * phi.sin() - phi0.sin() * phi.cos() * lambda.cos();
                ((phi.cos() * lambda.sin()).to_degrees(), y.to_degrees())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middles_and_small_steps_are_right() {
        for (_, projection) in Projection::ALL {
            let plane = Plane::new(projection, (-10.0, 4.0), (36.0, 44.0));
            let (x, y) = plane.at(-3.0, 40.0);
            assert!(x.abs() < 1e-9 && y.abs() < 1e-9, "{projection:?} {x} {y}");
            // A small step to the north is as long as it is, to what a conic map stretches.
            let (_, north) = plane.at(-3.0, 40.1);
            let (east, _) = plane.at(-2.9, 40.0);
            assert!((north - 0.1).abs() < 2e-4, "{projection:?} {north}");
            assert!((east - 0.1 * 40f64.to_radians().cos()).abs() < 2e-4, "{projection:?} {east}");
        }
    }

    #[test]
    fn lambert_has_its_standard_parallels_and_snyders_numbers() {
        // Snyder (1987), page 295: standard parallels 33 and 45, center 23 N 96 W, radius 1;
        // 35 N 75 W is at x = 0.2966785, y = 0.2462112.
        let mut plane = Plane::new(Projection::LambertConformal, (-96.0, -96.0), (31.0, 47.0));
        let (a, b) = (33f64.to_radians(), 45f64.to_radians());
        let half = |phi: f64| (0.25 * std::f64::consts::PI + 0.5 * phi).tan();
        let n = (a.cos() / b.cos()).ln() / (half(b) / half(a)).ln();
        let f = a.cos() * half(a).powf(n) / n;
        plane.cone = (n, f, f / half(23f64.to_radians()).powf(n));
        let (x, y) = plane.at(-75.0, 35.0);
        assert!((x.to_radians() - 0.2966785).abs() < 1e-6, "{}", x.to_radians());
        assert!((y.to_radians() - 0.2462112).abs() < 1e-6, "{}", y.to_radians());
    }

    #[test]
    fn the_back_of_the_globe_is_hidden() {
        let plane = Plane::new(Projection::Orthographic, (0.0, 0.0), (0.0, 0.0));
        assert!(plane.at(100.0, 0.0).0.is_nan());
        assert!(plane.at(89.0, 0.0).0.is_finite());
        assert_eq!(plane.turned(200.0), -160.0);
    }
}
