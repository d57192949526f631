//! Which option axis is the color, which the size: merchants name them in every language.
use std::collections::HashMap;

use foldhash::fast::RandomState;

/// Axes channels ask for by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    Color,
    Size,
    Material,
    Pattern,
}

/// Lower-case names of each axis, as shops in the languages we have seen write them.
const NAMES: &[(Axis, &[&str])] = &[
    (
        Axis::Color,
        &[
            "color",
            "colour",
            "colors",
            "colours",
            "farbe",
            "couleur",
            "colore",
            "cor",
            "kleur",
            "kolor",
            "barva",
            "farba",
            "färg",
            "farge",
            "farve",
            "väri",
            "renk",
            "szín",
            "culoare",
            "цвет",
            "колір",
            "цвят",
            "χρώμα",
            "色",
            "カラー",
            "颜色",
            "צבע",
        ],
    ),
    (
        Axis::Size,
        &[
            "size",
            "sizes",
            "größe",
            "grösse",
            "groesse",
            "taille",
            "pointure",
            "talla",
            "tamaño",
            "taglia",
            "misura",
            "tamanho",
            "maat",
            "rozmiar",
            "velikost",
            "veľkosť",
            "storlek",
            "størrelse",
            "koko",
            "beden",
            "méret",
            "mărime",
            "размер",
            "розмір",
            "μέγεθος",
            "サイズ",
            "尺寸",
            "尺码",
            "מידה",
        ],
    ),
    (
        Axis::Material,
        &[
            "material",
            "materials",
            "fabric",
            "stoff",
            "matière",
            "materiau",
            "matériau",
            "materiale",
            "materiaal",
            "materiał",
            "materiál",
            "tessuto",
            "tejido",
            "материал",
            "матеріал",
            "kumaş",
            "素材",
            "材质",
        ],
    ),
    (
        Axis::Pattern,
        &[
            "pattern",
            "print",
            "muster",
            "motif",
            "estampado",
            "fantasia",
            "padrão",
            "patroon",
            "wzór",
            "vzor",
            "desen",
            "узор",
            "柄",
        ],
    ),
];

impl Axis {
    /// The axis an option's name speaks of: `Size`, `EU size`, `Farbe (außen)`.
    pub(super) fn of(name: &str) -> Option<Axis> {
        let name = name.to_lowercase();
        let mut words = name.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
        words.find_map(|word| NAMES.iter().find(|(_, names)| names.contains(&word)).map(|(axis, _)| *axis))
    }
}

/// Axes of names that were asked for before: a shop has few, and asks for them at every variant.
#[derive(Default)]
pub(super) struct KnownAxes(HashMap<String, Option<Axis>, RandomState>);

impl KnownAxes {
    /// As [`Axis::of`].
    pub fn of(&mut self, name: &str) -> Option<Axis> {
        if let Some(known) = self.0.get(name) {
            return *known;
        }
        let axis = Axis::of(name);
        if self.0.len() < NAMES_MAX {
            self.0.insert(name.to_owned(), axis);
        }
        axis
    }
}

/// Names remembered at most; a file that has more makes them up.
const NAMES_MAX: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_known_in_any_case_and_language() {
        assert_eq!(Axis::of(" Colour "), Some(Axis::Color));
        assert_eq!(Axis::of("GRÖSSE"), Some(Axis::Size));
        assert_eq!(Axis::of("Цвет"), Some(Axis::Color));
        assert_eq!(Axis::of("EU size"), Some(Axis::Size));
        assert_eq!(Axis::of("Farbe (außen)"), Some(Axis::Color));
        assert_eq!(Axis::of("Scent"), None);
        assert_eq!(Axis::of("Colorado edition"), None);
    }
}
