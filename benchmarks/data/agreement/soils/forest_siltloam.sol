2006.2
Unburned - forest silt loam
1 1
'Forest silt loam' 'silt loam' 1 0.3 0.5 1000000.0 0.0004 1.5 40.0
400.0 25.0 15.0 5.0 15.0 15.0
1 25.0 0.00036
