// SPDX-License-Identifier: BSD-3-Clause
#include "devices.hpp"

#include <array>

namespace alpaca {

namespace {

using F = astro::FieldType;

constexpr std::array shutter_states{"open", "closed", "opening", "closing", "error"};
constexpr std::array cover_states{"not_present", "closed", "moving", "open", "unknown", "error"};
constexpr std::array calibrator_states{"not_present", "off", "not_ready", "ready", "unknown", "error"};

constexpr std::array focuser_readings{
    Reading{"position", "position", F::integer, "", "where it is, in steps"},
    Reading{"is_moving", "ismoving", F::boolean, "", "whether it moves"},
    Reading{"temperature", "temperature", F::number, "degC", "at the focuser"},
    Reading{"max_step", "maxstep", F::integer, "", "the last position"},
    Reading{"is_compensating", "tempcomp", F::boolean, "", "whether it follows the temperature"}};
constexpr std::array to_position{Parameter{"position", "Position", F::integer, "", "where to, in steps"}};
constexpr std::array to_compensate{Parameter{"on", "TempComp", F::boolean, "", "whether it follows the temperature"}};
constexpr std::array focuser_acts{Act{"move", "move", "moves the focuser", to_position, "ismoving"},
                                  Act{"halt", "halt", "ends a motion"},
                                  Act{"compensate", "tempcomp", "lets it follow the temperature", to_compensate}};

constexpr std::array wheel_readings{
    Reading{"position", "position", F::integer, "", "which filter is before the camera, from 0; -1: it turns"},
    Reading{"names", "names", F::list, "", "of the filters"}};
constexpr std::array to_filter{Parameter{"position", "Position", F::integer, "", "which filter, from 0"}};
constexpr std::array wheel_acts{Act{"select", "position", "turns a filter before the camera", to_filter, "position"}};

constexpr std::array dome_readings{
    Reading{"azimuth", "azimuth", F::angle, "deg", "of the slit"},
    Reading{"altitude", "altitude", F::angle, "deg", "of the slit's upper end"},
    Reading{"shutter", "shutterstatus", F::choice, "", "what the shutter does", shutter_states},
    Reading{"is_slewing", "slewing", F::boolean, "", "whether it moves"},
    Reading{"is_at_home", "athome", F::boolean, "", "whether it is at its reference"},
    Reading{"is_parked", "atpark", F::boolean, "", "whether it is parked"},
    Reading{"is_slaved", "slaved", F::boolean, "", "whether it follows the telescope by itself"}};
constexpr std::array to_azimuth{Parameter{"azimuth", "Azimuth", F::angle, "deg", "where to"}};
constexpr std::array to_altitude{Parameter{"altitude", "Altitude", F::angle, "deg", "where to"}};
constexpr std::array to_slave{Parameter{"on", "Slaved", F::boolean, "", "whether it follows the telescope"}};
constexpr std::array dome_acts{Act{"turn", "slewtoazimuth", "turns the dome", to_azimuth, "slewing"},
                               Act{"raise", "slewtoaltitude", "raises the slit", to_altitude, "slewing"},
                               Act{"open_shutter", "openshutter", "opens the shutter", {}, "slewing"},
                               Act{"close_shutter", "closeshutter", "closes the shutter", {}, "slewing"},
                               Act{"park", "park", "goes to the park position", {}, "slewing"},
                               Act{"home", "findhome", "finds its reference", {}, "slewing"},
                               Act{"set_park", "setpark", "parks here from now on"},
                               Act{"sync", "synctoazimuth", "takes where it is for this azimuth", to_azimuth},
                               Act{"slave", "slaved", "lets it follow the telescope by itself", to_slave},
                               Act{"abort", "abortslew", "ends a motion"}};

constexpr std::array rotator_readings{
    Reading{"position", "position", F::angle, "deg", "position angle at the sky"},
    Reading{"mechanical_position", "mechanicalposition", F::angle, "deg", "of its own scale"},
    Reading{"is_moving", "ismoving", F::boolean, "", "whether it moves"},
    Reading{"is_reversed", "reverse", F::boolean, "", "whether it counts the other way round"}};
constexpr std::array by_angle{Parameter{"by", "Position", F::angle, "deg", "from where it is"}};
constexpr std::array to_angle{Parameter{"position", "Position", F::angle, "deg", "position angle"}};
constexpr std::array to_reverse{Parameter{"on", "Reverse", F::boolean, "", "whether it counts the other way round"}};
constexpr std::array rotator_acts{
    Act{"turn", "move", "turns on", by_angle, "ismoving"},
    Act{"turn_to", "moveabsolute", "turns to a position angle", to_angle, "ismoving"},
    Act{"turn_mechanical", "movemechanical", "turns on its own scale", to_angle, "ismoving"},
    Act{"sync", "sync", "takes where it is for this angle", to_angle},
    Act{"reverse", "reverse", "counts the other way round", to_reverse},
    Act{"halt", "halt", "ends a motion"}};

constexpr std::array weather_readings{
    Reading{"cloud_cover", "cloudcover", F::number, "%", "of the sky"},
    Reading{"dew_point", "dewpoint", F::number, "degC", "at the observatory"},
    Reading{"humidity", "humidity", F::number, "%", "relative"},
    Reading{"pressure", "pressure", F::number, "hPa", "at the observatory, not reduced to sea level"},
    Reading{"rain_rate", "rainrate", F::number, "mm/h", "of rain"},
    Reading{"sky_brightness", "skybrightness", F::number, "lx", "of the sky"},
    Reading{"sky_quality", "skyquality", F::number, "mag/arcsec2", "of the sky"},
    Reading{"sky_temperature", "skytemperature", F::number, "degC", "in the infrared"},
    Reading{"star_fwhm", "starfwhm", F::number, "arcsec", "seeing"},
    Reading{"temperature", "temperature", F::number, "degC", "of the air"},
    Reading{"wind_direction", "winddirection", F::number, "deg", "from where; 0: none"},
    Reading{"wind_gust", "windgust", F::number, "m/s", "the peak of the last two minutes"},
    Reading{"wind_speed", "windspeed", F::number, "m/s", "of the wind"}};
constexpr std::array over_time{
    Parameter{"hours", "AveragePeriod", F::number, "h", "over which it averages; 0: it does not"}};
constexpr std::array weather_acts{Act{"refresh", "refresh", "reads its sensors anew"},
                                  Act{"average", "averageperiod", "averages over so long", over_time}};

constexpr std::array safety_readings{Reading{"is_safe", "issafe", F::boolean, "", "whether it is safe to observe"}};

constexpr std::array cover_readings{
    Reading{"cover", "coverstate", F::choice, "", "what the cover does", cover_states},
    Reading{"calibrator", "calibratorstate", F::choice, "", "what the flat panel does", calibrator_states},
    Reading{"brightness", "brightness", F::integer, "", "of the flat panel"},
    Reading{"max_brightness", "maxbrightness", F::integer, "", "of the flat panel"}};
constexpr std::array to_brightness{Parameter{"brightness", "Brightness", F::integer, "", "of the flat panel"}};
constexpr std::array cover_acts{
    Act{"open", "opencover", "opens the cover", {}, "covermoving"},
    Act{"close", "closecover", "closes the cover", {}, "covermoving"},
    Act{"halt", "haltcover", "ends a motion of the cover"},
    Act{"light", "calibratoron", "lights the flat panel", to_brightness, "calibratorchanging"},
    Act{"darken", "calibratoroff", "puts the flat panel out", {}, "calibratorchanging"}};

constexpr std::array abilities{Abilities{"focuser", focuser_readings, focuser_acts, "halt"},
                               Abilities{"filterwheel", wheel_readings, wheel_acts},
                               Abilities{"dome", dome_readings, dome_acts, "abortslew"},
                               Abilities{"rotator", rotator_readings, rotator_acts, "halt"},
                               Abilities{"switch", {}, {}},
                               Abilities{"observingconditions", weather_readings, weather_acts},
                               Abilities{"safetymonitor", safety_readings, {}},
                               Abilities{"covercalibrator", cover_readings, cover_acts, "haltcover"}};

}  // namespace

const Abilities& abilities_of(DeviceType type) { return abilities.at(static_cast<std::size_t>(type)); }

}  // namespace alpaca
